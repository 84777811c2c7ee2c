// Curves over the steps, with the time of the race marked on them.

import uPlot from './uplot/uplot.js';
import { el } from './dom.js';
import { palette } from './theme.js';
import { short } from './spec.js';

const FONT = '11px system-ui, sans-serif';
const DASHES = [[], [7, 3], [2, 3], [9, 3, 2, 3]];

/** How a row of numbers is drawn: as they are, by their logarithm, or linear around 0 and logarithmic beyond. */
export const KINDS = { linear: 1, log: 3, symlog: 4 };

const isPower = (x) => x > 0 && Math.abs(Math.log10(x) - Math.round(Math.log10(x))) < 1e-6;

/** Powers of ten, few enough to be read. */
function powers(_, splits) {
  const found = splits.filter(isPower);
  const every = Math.ceil(found.length / 8);
  return splits.map((x) => (isPower(x) && Math.round(Math.log10(x)) % every === 0 ? x : null));
}

export class Chart {
  /** In `box`, `height` pixels high; `seek` is told the step that is pointed at. */
  constructor(box, height, seek) {
    Object.assign(this, { box, height, seek, plot: null, time: 0 });
    new ResizeObserver(() => this.resize()).observe(box);
  }

  resize() {
    const width = this.box.clientWidth;
    if (this.plot && width) {
      this.plot.setSize({ width, height: this.height });
      this.mark(this.time);
    }
  }

  /** Draws `lines` of `{ look, values }` over `xs`, as high as they are or as `range` says. */
  draw({ xs, lines, kind = KINDS.linear, label = '', range = null }) {
    this.range = range;
    const colors = palette();
    const shape = JSON.stringify([lines.map((line) => [line.look, line.faint]), kind, colors, label, Boolean(range)]);
    const data = [xs, ...lines.map((line) => line.values)];
    this.box.setAttribute('aria-label', label);
    if (shape !== this.shape || !this.plot) {
      this.build(lines, kind, colors, data);
      this.shape = shape;
    } else {
      this.plot.setData(data);
    }
    this.mark(this.time);
  }

  build(lines, kind, colors, data) {
    this.plot?.destroy();
    const axis = {
      stroke: colors.soft, font: FONT, grid: { stroke: colors.faint, width: 1 }, ticks: { show: false }, gap: 4,
    };
    const values = (_, splits) => splits.map((x) => (x === null ? '' : short(x, 3)));
    this.plot = new uPlot({
      width: this.box.clientWidth || 300,
      height: this.height,
      padding: [8, 10, 0, 0],
      legend: { show: false },
      cursor: { drag: { x: false, y: false }, y: false, points: { show: false } },
      scales: { x: { time: false }, y: { distr: kind, log: 10, asinh: 1, ...(this.range && { range: () => this.range }) } },
      axes: [
        { ...axis, size: 26, values },
        { ...axis, size: 54, values, ...(kind === KINDS.log ? { filter: powers, grid: { ...axis.grid, filter: powers } } : {}) },
      ],
      series: [{}, ...lines.map((line) => ({
        stroke: colors.series[line.look % 8], width: line.faint ? 1 : 2, alpha: line.faint ? 0.45 : 1, points: { show: false },
        dash: line.dash ?? DASHES[Math.floor(line.look / 8) % DASHES.length],
      }))],
    }, data, this.box);
    const over = this.plot.over;
    if (this.seek) {
      this.hand = el('div', { className: 'hand' });
      this.beads = lines.map((line) => el('div', { className: `bead s${line.look % 8}` }));
      over.append(this.hand, ...this.beads);
      over.classList.add('seekable');
      const seek = (event) => {
        const box = over.getBoundingClientRect();
        this.seek(this.plot.posToVal(event.clientX - box.left, 'x'));
      };
      over.addEventListener('pointerdown', (event) => {
        over.setPointerCapture(event.pointerId);
        seek(event);
      });
      over.addEventListener('pointermove', (event) => event.buttons && seek(event));
    }
  }

  /** Moves the mark to a time. */
  mark(time) {
    this.time = time;
    const { plot } = this;
    if (!plot || !this.seek) {
      return;
    }
    const place = (element, x, y) => { element.style.transform = `translate(${x}px, ${y}px)`; };
    const last = plot.data[0][plot.data[0].length - 1] ?? 0;
    place(this.hand, plot.valToPos(Math.min(time, last), 'x'), 0);
    const step = Math.min(Math.floor(time), plot.data[0].length - 1);
    this.beads.forEach((bead, i) => {
      const value = plot.data[i + 1][step];
      bead.hidden = value === null || value === undefined;
      if (!bead.hidden) {
        place(bead, plot.valToPos(plot.data[0][step], 'x'), plot.valToPos(value, 'y'));
      }
    });
  }
}

/** The losses of traces as they are best seen, and what that is called. */
export function lossLines(traces, lowest) {
  const all = traces.flatMap((trace) => trace.losses).filter((loss) => loss !== null);
  const least = Math.min(...all);
  const known = lowest !== null && least >= lowest - 1e-9;
  const base = known ? lowest : 0;
  if (known || least > 0) {
    const first = Math.max(...traces.map((trace) => trace.losses[0] - base).filter((x) => x > 0), 1e-12);
    const [floor, ceiling] = [first * 1e-20, first * 1e8];
    const value = (loss) => (loss === null ? null : loss - base <= floor ? null : Math.min(ceiling, loss - base));
    return { kind: KINDS.log, map: value, title: known && lowest !== 0 ? 'Loss above the minimum' : 'Loss' };
  }
  return { kind: KINDS.symlog, map: (loss) => loss, title: 'Loss' };
}
