// Fields for hyper-parameters, made from what the catalogue says of them: a slider with a number, a switch, a choice.

import { el } from './dom.js';
import { format, plain, rounded } from './spec.js';

/** How many places a slider has. */
const PLACES = 1000;

/** Between a value and its place on a slider. */
const SCALES = {
  /** Equal differences. */
  linear: (low, high) => ({ place: (x) => (x - low) / (high - low), value: (p) => rounded(low + p * (high - low)) }),
  /** Equal ratios. */
  log: (low, high) => ({
    place: (x) => Math.log(x / low) / Math.log(high / low),
    value: (p) => rounded(low * (high / low) ** p),
  }),
  /** Zero at the left end, then equal ratios. */
  zeroLog: (low, high) => ({
    place: (x) => (x < low ? 0 : 0.06 + 0.94 * (Math.log(x / low) / Math.log(high / low))),
    value: (p) => (p < 0.03 ? 0 : rounded(low * (high / low) ** Math.max(0, (p - 0.06) / 0.94))),
  }),
  /** From 0 towards 1, where each third of the way is a nine: 0, 0.9, 0.99, 0.999. */
  nines: () => ({
    place: (x) => Math.min(1, -Math.log10(Math.max(1e-4, 1 - x)) / 3.3),
    value: (p) => Number((1 - 10 ** (-3.3 * p)).toPrecision(p > 0.62 ? 4 : 3)),
  }),
  /** Whole numbers in equal ratios. */
  count: (low, high) => ({
    place: (x) => Math.log(Math.max(1, x) / low) / Math.log(high / low),
    value: (p) => Math.round(rounded(low * (high / low) ** p, 2)),
  }),
};

/** The scale of a number: by what it is called in the field, else by its range. */
function scaleOf(param) {
  if (param.name === 'lr') {
    return SCALES.log(1e-4, 10);
  }
  if (param.max === 1) {
    return param.open[1] ? SCALES.nines() : SCALES.linear(0, 1);
  }
  if (/momentum|beta|alpha|rho/.test(param.name)) {
    return SCALES.linear(0, 1);
  }
  if (param.kind === 'int') {
    return SCALES.count(1, 1000);
  }
  const small = Number(param.default) < 1e-3;
  if (param.min === 0 && !param.open[0]) {
    return small ? SCALES.zeroLog(1e-8, 1) : SCALES.linear(0, Math.max(1, 2 * Number(param.default)));
  }
  return param.min === null ? null : SCALES.log(param.min === 1 ? 1 : 1e-8, param.min === 1 ? 1e5 : 10);
}

let ids = 0;

/** A name that may be broken after its underscores. */
const broken = (name) => name.split(/(?<=_)/).flatMap((part, i) => (i ? [document.createElement('wbr'), part] : [part]));

/**
 * A labelled field. `given` is the value in text, or undefined where it is left at `fallback`, which `fallbackWord` names.
 * `change` is told the new text, or null to leave it at the fallback again.
 */
export function field(param, { given, fallback = param.default, fallbackWord = 'default', change }) {
  const id = `field-${ids++}`;
  const reset = el('button', {
    type: 'button', className: 'reset', hidden: given === undefined, title: `Back to the ${fallbackWord}, ${fallback}`,
    'aria-label': `${param.name} back to the ${fallbackWord}`, onclick: () => change(null),
  }, '↺');
  const label = el('label', { htmlFor: id, title: `${param.doc} ${param.range}.` }, ...broken(param.label ?? param.name));
  const row = el('div', { className: `row ${param.kind}${given === undefined ? '' : ' own'}` }, label);
  const text = given ?? fallback;
  const parts = { bool, word, pair, float: number, int: number }[param.kind] ?? free;
  row.append(...parts(param, id, text, (value) => {
    reset.hidden = false;
    row.classList.add('own');
    change(value);
  }), reset);
  return row;
}

function bool(param, id, text, change) {
  return [el('input', { id, type: 'checkbox', checked: text === 'true', onchange: (event) => change(String(event.target.checked)) })];
}

function word(param, id, text, change) {
  const options = param.words.map((word) => el('option', { value: word, selected: word === text }, word));
  return [el('select', { id, onchange: (event) => change(event.target.value) }, ...options)];
}

function free(param, id, text, change) {
  return [el('input', { id, type: 'text', className: 'mono', value: text, onchange: (event) => change(event.target.value) })];
}

function number(param, id, text, change) {
  const box = el('input', { id, type: 'text', inputMode: 'decimal', className: 'number mono', value: text });
  const scale = scaleOf(param);
  if (!scale) {
    box.addEventListener('change', () => change(box.value.trim()));
    return [box];
  }
  const place = (text) => String(Math.round(PLACES * Math.min(1, Math.max(0, scale.place(Number(text)) || 0))));
  const slider = el('input', { type: 'range', min: '0', max: String(PLACES), value: place(text), 'aria-label': `${param.label ?? param.name}, slider` });
  const tell = () => slider.setAttribute('aria-valuetext', box.value);
  slider.addEventListener('input', () => {
    box.value = plain(scale.value(Number(slider.value) / PLACES));
    tell();
    change(box.value);
  });
  box.addEventListener('change', () => {
    slider.value = place(box.value);
    tell();
    change(box.value.trim());
  });
  tell();
  return [slider, box];
}

/** Two numbers, one under the other. */
function pair(param, id, text, change) {
  const values = text.split('/');
  const one = (i) => el('span', { className: 'half' }, ...number(
    { ...param, kind: 'float', label: `${param.name} ${i + 1}` }, i ? `${id}-${i}` : id, values[i],
    (value) => { values[i] = value; change(values.join('/')); }));
  return [el('span', { className: 'halves' }, one(0), one(1))];
}

/**
 * The field of a hyper-parameter of a spec that was read as `parsed` and stands in the catalogue as `found`. `write` is told
 * the new text of the spec, and whether the value was left at its fallback again.
 */
export function keyed(param, { name, keys }, found, write, { fallback = param.default, fallbackWord } = {}) {
  return field(param, {
    given: keys.get(param.name),
    fallback: found.sets.get(param.name) ?? fallback,
    fallbackWord,
    change: (value) => {
      if (value === null) {
        keys.delete(param.name);
      } else {
        keys.set(param.name, value);
      }
      write(format(name, keys), value === null);
    },
  });
}

/** A number that is no hyper-parameter: steps, seed, noise. */
export function common(name, label, doc, kind, scale, value, change) {
  const id = `field-${name}`;
  const box = el('input', { id, type: 'text', inputMode: 'decimal', className: 'number mono', value: plain(value) });
  const made = scale && SCALES[scale[0]](scale[1], scale[2]);
  const slider = made && el('input', { type: 'range', min: '0', max: String(PLACES), 'aria-label': `${label}, slider` });
  const show = (x) => {
    if (slider) {
      slider.value = String(Math.round(PLACES * Math.min(1, Math.max(0, made.place(x) || 0))));
      slider.setAttribute('aria-valuetext', plain(x));
    }
  };
  slider?.addEventListener('input', () => {
    const x = made.value(Number(slider.value) / PLACES);
    box.value = plain(x);
    slider.setAttribute('aria-valuetext', box.value);
    change(x);
  });
  box.addEventListener('change', () => {
    const x = Number(box.value);
    const good = box.value.trim() !== '' && Number.isFinite(x) && x >= 0 && (kind !== 'int' || Number.isInteger(x));
    box.toggleAttribute('aria-invalid', !good);
    if (good) {
      show(x);
      change(x);
    }
  });
  show(value);
  const row = el('div', { className: 'row' }, el('label', { htmlFor: id, title: doc }, label), ...(slider ? [slider] : []), box);
  row.set = (x) => { box.value = plain(x); box.removeAttribute('aria-invalid'); show(x); };
  return row;
}
