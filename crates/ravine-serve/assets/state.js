// What is set up, and its form in the address: `#v1&f=ravine&o=sgd&o=momentum:momentum=0.5&lr=0.4&n=60`.

const VERSION = 'v1';

export const initial = () => ({
  /** The function: a name or an expression. */
  f: 'ravine',
  /** What is shown, if not the function's own domain. */
  view: null,
  /** `spec`, and `look`: the number of its colour and marker. */
  racers: [{ spec: 'sgd', look: 0 }, { spec: 'momentum:momentum=0.5', look: 1 }],
  lr: 0.4,
  schedule: 'constant',
  /** The function's own if null. */
  start: null,
  steps: 40,
  /** The function's own if null. */
  noise: null,
  seed: 0,
});

/** Percent-encoded, but for what an address may hold as it is. */
const encode = (text) =>
  encodeURIComponent(text).replace(/%(3A|3D|2C|2F|28|29|2A|5E)/g, (code) => decodeURIComponent(code)).replaceAll('%20', '+');

export function toHash(state) {
  const parts = [VERSION, `f=${encode(state.f)}`];
  const add = (key, value) => parts.push(`${key}=${encode(String(value))}`);
  state.racers.forEach(({ spec, look }, i) => add('o', look === i ? spec : `${look}~${spec}`));
  add('lr', state.lr);
  if (state.schedule !== 'constant') {
    add('s', state.schedule);
  }
  if (state.start) {
    add('x', state.start.join(','));
  }
  add('n', state.steps);
  if (state.noise !== null) {
    add('noise', state.noise);
  }
  if (state.seed) {
    add('seed', state.seed);
  }
  if (state.view) {
    add('view', state.view.flat().join(','));
  }
  return `#${parts.join('&')}`;
}

/** The state of an address; null where it holds none. What cannot be read of it is left at its default. */
export function fromHash(hash) {
  if (!hash.startsWith(`#${VERSION}&`)) {
    return null;
  }
  const given = new URLSearchParams(hash.slice(VERSION.length + 2));
  const state = initial();
  const number = (key, fallback) => {
    const x = Number(given.get(key) ?? NaN);
    return Number.isFinite(x) ? x : fallback;
  };
  const numbers = (key) => {
    const list = (given.get(key) ?? '').split(',').map(Number);
    return given.get(key) && list.every(Number.isFinite) ? list : null;
  };
  state.f = given.get('f') ?? state.f;
  state.racers = given.getAll('o').map((text, i) => {
    const look = /^(\d+)~/.exec(text);
    return look ? { spec: text.slice(look[0].length), look: Number(look[1]) } : { spec: text, look: i };
  });
  state.lr = number('lr', state.lr);
  state.schedule = given.get('s') ?? 'constant';
  state.start = numbers('x');
  state.steps = number('n', state.steps);
  state.noise = given.has('noise') ? number('noise', null) : null;
  state.seed = number('seed', 0);
  const view = numbers('view');
  state.view = view && view.length % 2 === 0 ? Array.from({ length: view.length / 2 }, (_, i) => view.slice(2 * i, 2 * i + 2)) : null;
  return state;
}
