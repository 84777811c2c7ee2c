// The text form `name:key=value,key=value`, and numbers as text.

/** The name, its keys, and whether the text has this form at all. */
export function parse(text) {
  const [name, ...rest] = text.split(':');
  const keys = new Map();
  for (const pair of rest.join(':').split(',').filter((pair) => pair.trim())) {
    const at = pair.indexOf('=');
    if (at < 0) {
      return { name: name.trim(), keys, simple: false };
    }
    keys.set(pair.slice(0, at).trim(), pair.slice(at + 1).trim());
  }
  return { name: name.trim(), keys, simple: /^[a-z][a-z0-9-]*$/.test(name.trim()) };
}

export function format(name, keys) {
  const pairs = [...keys].map(([key, value]) => `${key}=${value}`);
  return pairs.length ? `${name}:${pairs.join(',')}` : name;
}

/** An entry of a catalogue by its name or one of its presets, with what the preset sets. */
export function find(items, name) {
  for (const item of items) {
    if (item.name === name) {
      return { item, sets: new Map() };
    }
    const preset = item.presets.find((preset) => preset.name === name);
    if (preset) {
      return { item, sets: new Map(preset.sets) };
    }
  }
  return null;
}

/** A number as it is typed: short, and it reads back. */
export function plain(x) {
  const text = String(x);
  if (x === 0 || (Math.abs(x) >= 1e-3 && Math.abs(x) < 1e6)) {
    return text;
  }
  const scientific = x.toExponential().replace('e+', 'e');
  return scientific.length <= text.length ? scientific : text;
}

/** A number to look at: `digits` significant ones. */
export function short(x, digits = 4) {
  if (x === null || x === undefined || Number.isNaN(x)) {
    return '∞';
  }
  const size = Math.abs(x);
  if (size < 1e-300) {
    return '0';
  }
  if (size >= 1e-3 && size < 1e5) {
    return String(Number(x.toPrecision(digits))).replace('-', '−');
  }
  const [mantissa, exponent] = x.toExponential(Math.max(0, digits - 2)).split('e');
  return `${Number(mantissa)}e${Number(exponent)}`.replaceAll('-', '−');
}

/** A number that a slider gave, in as many digits as its place has. */
export const rounded = (x, digits = 3) => Number(x.toPrecision(digits));
