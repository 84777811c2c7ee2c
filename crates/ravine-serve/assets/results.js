// Where the optimizers ended.

import { $, el } from './dom.js';
import { marker } from './markers.js';
import { label } from './racers.js';
import { short } from './spec.js';

/** At most so many coordinates of a point are written out. */
const SHOWN = 3;

const cell = (text, className = '') => el('td', { className }, text);

export function results(traces, variables) {
  const heads = ['optimizer', 'ending', 'loss', variables.slice(0, SHOWN).join(', ') + (variables.length > SHOWN ? ', …' : ''), 'steps'];
  const rows = traces.map((trace) => {
    const { name, rest } = label(trace.spec);
    const end = trace.points[trace.points.length - 1];
    const point = end.slice(0, SHOWN).map((x) => short(x, 5)).join(', ') + (end.length > SHOWN ? ', …' : '');
    return el('tr', {},
      el('td', {}, el('span', { className: 'who' }, marker(trace.look), el('b', {}, name), el('i', {}, [rest, `lr ${trace.lr}`].filter(Boolean).join(', ')))),
      el('td', {}, el('span', { className: `ending ${trace.ending}` }, trace.word)),
      cell(short(trace.losses[trace.losses.length - 1], 5), 'num'),
      cell(point, 'num'),
      cell(String(trace.lrs.length), 'num'));
  });
  $('results').replaceChildren(
    el('thead', {}, el('tr', {}, ...heads.map((text, i) => el('th', { scope: 'col', className: i > 1 ? 'num' : '' }, text)))),
    el('tbody', {}, ...rows));
}
