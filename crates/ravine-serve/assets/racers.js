// The optimizers of the race, each with its hyper-parameters.

import { $, el } from './dom.js';
import { keyed } from './fields.js';
import { marker } from './markers.js';
import { find, parse, short } from './spec.js';

/** What is at hand at once; the others lie behind "more". */
const FIRST = /^(lr|momentum|nesterov|betas|alpha|rho|beta\d?)$/;

/** What an optimizer is called beside others: its text without its learning rate. */
export function label(spec) {
  const { name, keys } = parse(spec);
  keys.delete('lr');
  return { name, rest: [...keys].map(([key, value]) => (value === 'true' ? key : key === name ? value : `${key} ${value}`)).join(', ') };
}

export class Racers {
  /** `changed` is called after each change of `state.racers`. */
  constructor(catalogue, changed) {
    Object.assign(this, { catalogue, changed, open: null, heads: [] });
    const add = $('add');
    add.append(el('option', { value: '' }, '+ Add'));
    for (const { name, presets } of catalogue.optimizers) {
      for (const each of [name, ...presets.map((preset) => preset.name)]) {
        add.append(el('option', { value: each }, each));
      }
    }
    add.addEventListener('change', () => {
      if (add.value) {
        this.add(add.value);
        add.value = '';
      }
    });
  }

  add(spec) {
    const { racers } = this.state;
    if (racers.length < this.catalogue.limits.optimizers) {
      const taken = new Set(racers.map((racer) => racer.look));
      const look = Array.from({ length: 99 }, (_, i) => i).find((i) => !taken.has(i));
      racers.push({ spec, look });
      this.open = racers.length - 1;
      this.render(this.state);
      this.changed();
    }
  }

  render(state) {
    this.state = state;
    this.heads = [];
    $('add').disabled = state.racers.length >= this.catalogue.limits.optimizers;
    $('racers').replaceChildren(...state.racers.map((racer, i) => this.card(racer, i)));
    if (!state.racers.length) {
      $('racers').append(el('p', { className: 'about' }, 'Add an optimizer to begin.'));
    }
  }

  /** Only the fields of the open card: its learning rate may follow the common one. */
  refresh() {
    const card = $('racers').children[this.open];
    if (card && this.state.racers[this.open]) {
      card.querySelector('.editor').replaceWith(this.editor(this.open));
    }
  }

  card(racer, i) {
    const open = this.open === i;
    const title = el('span', { className: 'title' });
    const loss = el('span', { className: 'loss mono' });
    const head = el('button', {
      type: 'button', className: 'head', 'aria-expanded': String(open),
      onclick: () => {
        this.open = this.open === i ? null : i;
        this.render(this.state);
        $('racers').children[i].querySelector('.head').focus();
        this.told?.();
      },
    }, marker(racer.look), title, loss);
    const remove = el('button', {
      type: 'button', className: 'icon remove', title: 'Remove', 'aria-label': `Remove ${racer.spec}`,
      onclick: () => {
        this.state.racers.splice(i, 1);
        this.open = null;
        this.render(this.state);
        this.changed();
        ($('racers').children[Math.min(i, this.state.racers.length - 1)]?.querySelector('.head') ?? $('add')).focus();
      },
    }, '×');
    this.heads[i] = { title, loss };
    this.title(i);
    return el('div', { className: `racer s${racer.look % 8}` }, el('div', { className: 'bar-row' }, head, remove), ...(open ? [this.editor(i)] : []));
  }

  title(i) {
    const { spec } = this.state.racers[i];
    const { name, rest } = label(spec);
    const lr = parse(spec).keys.get('lr');
    const parts = [rest, lr && `lr ${lr}`].filter(Boolean).join(', ');
    this.heads[i].title.replaceChildren(el('b', {}, name), ...(parts ? [' ', el('span', {}, parts)] : []));
  }

  editor(i) {
    const racer = this.state.racers[i];
    const parsed = parse(racer.spec);
    const found = find(this.catalogue.optimizers, parsed.name);
    const text = el('input', {
      type: 'text', className: 'mono', value: racer.spec, spellcheck: false, id: `spec-${i}`,
      onchange: () => {
        racer.spec = text.value.trim();
        this.title(i);
        this.refresh();
        this.changed();
      },
    });
    const write = (next, left) => {
      racer.spec = next;
      text.value = next;
      this.title(i);
      if (left) {
        this.refresh();
      }
      this.changed();
    };
    const commonLr = { fallback: String(this.state.lr), fallbackWord: 'common one' };
    const make = (param) => keyed(param, parsed, found, write, param.name === 'lr' ? commonLr : undefined);
    const params = found?.item.params ?? [];
    const more = params.filter((param) => !FIRST.test(param.name));
    return el('div', { className: 'editor' },
      ...params.filter((param) => FIRST.test(param.name)).map(make),
      el('details', { open: this.more, ontoggle: (event) => { this.more = event.target.open; } },
        el('summary', {}, 'more'), ...more.map(make),
        el('label', { className: 'row wide' }, el('span', {}, 'as text'), text)),
      found && el('p', { className: 'about' }, found.item.advice));
  }

  /** The losses at a time, beside the names. */
  tell(traces, time) {
    this.told = () => this.tell(traces, time);
    traces.forEach((trace, i) => {
      const head = this.heads[i];
      if (head) {
        const at = Math.min(Math.floor(time), trace.losses.length - 1);
        const text = short(trace.losses[at], 4);
        if (head.loss.textContent !== text) {
          head.loss.textContent = text;
        }
      }
    });
  }
}
