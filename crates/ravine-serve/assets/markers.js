// One marker and one colour for each optimizer, so that they are told apart without colours too.

const SHAPES = [
  [],                                                                    // a circle
  [[-1, -1], [1, -1], [1, 1], [-1, 1]],
  [[0, -1.25], [1.2, 0.9], [-1.2, 0.9]],
  [[0, -1.4], [1.4, 0], [0, 1.4], [-1.4, 0]],
  [[0, 1.25], [1.2, -0.9], [-1.2, -0.9]],
  [[-0.45, -1.3], [0.45, -1.3], [0.45, -0.45], [1.3, -0.45], [1.3, 0.45], [0.45, 0.45], [0.45, 1.3], [-0.45, 1.3],
    [-0.45, 0.45], [-1.3, 0.45], [-1.3, -0.45], [-0.45, -0.45]],
];

const shape = (look) => SHAPES[(look + Math.floor(look / 8)) % SHAPES.length];

/** Puts the outline around a point into the path of a canvas. */
export function outline(context, look, x, y, radius) {
  const points = shape(look);
  context.beginPath();
  if (!points.length) {
    context.arc(x, y, radius, 0, 2 * Math.PI);
  }
  points.forEach(([dx, dy], i) => context[i ? 'lineTo' : 'moveTo'](x + 0.92 * radius * dx, y + 0.92 * radius * dy));
  context.closePath();
}

const SVG = 'http://www.w3.org/2000/svg';

/** The marker as a picture in the text. */
export function marker(look) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '-8 -8 16 16');
  svg.setAttribute('class', `marker s${look % 8}`);
  svg.setAttribute('aria-hidden', 'true');
  const points = shape(look);
  const form = document.createElementNS(SVG, points.length ? 'polygon' : 'circle');
  if (points.length) {
    form.setAttribute('points', points.map(([x, y]) => `${5 * x},${5 * y}`).join(' '));
  } else {
    form.setAttribute('r', '5.5');
  }
  svg.append(form);
  return svg;
}
