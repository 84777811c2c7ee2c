// Light, dark, or as the system has it; and the colours of the style sheet for what is drawn on canvas.

const SERIES = 8;
const listeners = [];
let colors = null;

/** Calls `listener` when the colours change. */
export const onTheme = (listener) => listeners.push(listener);

const system = matchMedia('(prefers-color-scheme: dark)');

export function startTheme() {
  const saved = localStorage.getItem('ravine-theme') ?? 'auto';
  for (const input of document.querySelectorAll('input[name="theme"]')) {
    input.checked = input.value === saved;
    input.addEventListener('change', () => {
      localStorage.setItem('ravine-theme', input.value);
      choose(input.value);
    });
  }
  choose(saved);
  system.addEventListener('change', changed);
}

function choose(theme) {
  document.documentElement.dataset.theme = theme;
  changed();
}

function changed() {
  colors = null;
  listeners.forEach((listener) => listener());
}

export function isDark() {
  const theme = document.documentElement.dataset.theme;
  return theme === 'dark' || (theme === 'auto' && system.matches);
}

/** `series`, and `ink`, `soft`, `rule`, `faint`, `paper`, `bad` as rgb(). */
export function palette() {
  if (!colors) {
    const probe = document.createElement('i');
    document.body.append(probe);
    const read = (name) => {
      probe.className = name;
      return getComputedStyle(probe).color;
    };
    colors = { series: Array.from({ length: SERIES }, (_, i) => read(`probe s${i}`)) };
    for (const name of ['ink', 'soft', 'rule', 'faint', 'paper', 'bad', 'card']) {
      colors[name] = read(`probe-${name}`);
    }
    probe.remove();
  }
  return colors;
}

/** Colours of a landscape from its lowest to its highest: low water to bare paper. */
const GROUNDS = {
  light: ['#5b9fc4', '#8fc1d6', '#bcdbe2', '#dbeae8', '#eef3ec', '#f8f6ee', '#fdfbf6'],
  dark: ['#2d8f9f', '#1f7389', '#1b5a75', '#18455f', '#15344a', '#13263a', '#111b29'],
};

/** The colour at a share from 0, the lowest, to 1. */
export function ground(share) {
  const stops = GROUNDS[isDark() ? 'dark' : 'light'];
  const at = Math.min(1, Math.max(0, share)) * (stops.length - 1);
  const i = Math.min(stops.length - 2, Math.floor(at));
  const part = (color, k) => parseInt(color.slice(1 + 2 * k, 3 + 2 * k), 16);
  const mix = [0, 1, 2].map((k) => Math.round(part(stops[i], k) * (1 - at + i) + part(stops[i + 1], k) * (at - i)));
  return `rgb(${mix.join(' ')})`;
}
