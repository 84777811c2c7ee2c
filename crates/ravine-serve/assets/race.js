// What moves over the landscape: the start, the paths, and who runs on them.

import { Landscape } from './landscape.js';
import { outline } from './markers.js';
import { palette } from './theme.js';

/** Pixels farther out than this are as good as anywhere. */
const FAR = 1e5;
/** Points nearer than this to the last one drawn are left out. */
const NEAR = 0.4;
/** Steps whose path is still warm. */
const TAIL = 12;

/** A colour that lets through. */
const faded = (color, alpha) => color.replace(/^rgb\((.*)\)$/, `rgb($1 / ${alpha})`).replaceAll(',', '');

export class Race {
  constructor(canvas, landscape) {
    Object.assign(this, { canvas, landscape, runners: [], start: null, held: false });
  }

  /** Takes traces with the look of each. */
  set(traces) {
    this.traces = traces;
    this.place();
  }

  /** Puts all points where they are on the screen. */
  place() {
    const { landscape } = this;
    if (!this.traces || !landscape.answer) {
      return;
    }
    const clamp = (x) => Math.max(-FAR, Math.min(FAR, x));
    this.runners = this.traces.filter((trace) => trace.points[0]?.length === landscape.answer.variables.length).map((trace) => {
      const xs = [];
      const ys = [];
      trace.points.forEach((point, i) => {
        const y = landscape.flat ? trace.losses[i] : point[1];
        // What is no number any more has left the picture where it was going.
        const known = point[0] !== null && y !== null && y !== undefined;
        xs.push(known ? clamp(landscape.x(point[0])) : xs[i - 1] ?? 0);
        ys.push(known ? clamp(landscape.y(y)) : ys[i - 1] ?? 0);
      });
      const kept = [];
      const dots = [];
      let [kx, ky] = [Infinity, Infinity];
      xs.forEach((x, i) => {
        if (Math.hypot(x - kx, ys[i] - ky) >= NEAR || !Number.isFinite(kx)) {
          kept.push(i);
          [kx, ky] = [x, ys[i]];
        }
        if (i > 0 && Math.hypot(x - xs[i - 1], ys[i] - ys[i - 1]) > 7) {
          dots.push(i);
        }
      });
      return { look: trace.look, xs, ys, kept, dots };
    });
  }

  /** Where a runner is at a time. */
  static position({ xs, ys }, time) {
    const last = xs.length - 1;
    const i = Math.min(last, Math.floor(time));
    const share = i < last ? time - i : 0;
    const to = Math.min(last, i + 1);
    return [xs[i] + share * (xs[to] - xs[i]), ys[i] + share * (ys[to] - ys[i])];
  }

  draw(time) {
    const { width, height, scale } = this.landscape;
    const context = Landscape.fit(this.canvas, width, height, scale);
    const colors = palette();
    context.clearRect(0, 0, width, height);
    context.lineCap = 'round';
    context.lineJoin = 'round';
    this.drawStart(context, colors);
    for (const runner of this.runners) {
      this.drawPath(context, runner, time, colors);
    }
    for (const runner of this.runners) {
      this.drawRunner(context, runner, time, colors);
    }
  }

  drawPath(context, runner, time, colors) {
    const { xs, ys, kept, dots, look } = runner;
    const color = colors.series[look % 8];
    const path = new Path2D();
    path.moveTo(xs[0], ys[0]);
    for (let k = 1; k < kept.length && kept[k] <= time; k += 1) {
      path.lineTo(xs[kept[k]], ys[kept[k]]);
    }
    const here = Race.position(runner, time);
    path.lineTo(...here);
    context.strokeStyle = colors.paper;
    context.globalAlpha = 0.5;
    context.lineWidth = 4.6;
    context.stroke(path);
    context.strokeStyle = color;
    context.globalAlpha = 0.95;
    context.lineWidth = 2;
    context.stroke(path);
    const warm = Math.max(0, Math.floor(time) - TAIL);
    for (let i = warm; i < Math.min(time, xs.length - 1); i += 1) {
      context.globalAlpha = 0.34 * ((i - warm + 1) / TAIL) ** 1.5;
      context.lineWidth = 7;
      context.beginPath();
      context.moveTo(xs[i], ys[i]);
      context.lineTo(...(i + 1 <= time ? [xs[i + 1], ys[i + 1]] : here));
      context.stroke();
    }
    context.globalAlpha = 1;
    context.fillStyle = color;
    context.strokeStyle = colors.paper;
    context.lineWidth = 1;
    context.beginPath();
    for (let k = 0; k < dots.length && dots[k] <= time; k += 1) {
      const [x, y] = [xs[dots[k]], ys[dots[k]]];
      context.moveTo(x + 2.6, y);
      context.arc(x, y, 2.6, 0, 2 * Math.PI);
    }
    context.fill();
    context.stroke();
  }

  drawRunner(context, runner, time, colors) {
    const { width, height } = this.landscape;
    const color = colors.series[runner.look % 8];
    const [x, y] = Race.position(runner, time);
    if (x < -8 || y < -8 || x > width + 8 || y > height + 8) {
      this.drawGone(context, x, y, color, colors);
      return;
    }
    const glow = context.createRadialGradient(x, y, 3, x, y, 24);
    glow.addColorStop(0, color);
    glow.addColorStop(0.45, faded(color, 0.35));
    glow.addColorStop(1, faded(color, 0));
    context.globalAlpha = 0.6;
    context.fillStyle = glow;
    context.fillRect(x - 24, y - 24, 48, 48);
    context.globalAlpha = 1;
    outline(context, runner.look, x, y, 7);
    context.lineWidth = 3.4;
    context.strokeStyle = colors.paper;
    context.stroke();
    context.fillStyle = color;
    context.fill();
  }

  /** An arrow at the edge towards who has left the picture. */
  drawGone(context, x, y, color, colors) {
    const { width, height } = this.landscape;
    const [ex, ey] = [Math.max(14, Math.min(width - 14, x)), Math.max(14, Math.min(height - 14, y))];
    const angle = Math.atan2(y - ey, x - ex);
    context.save();
    context.translate(ex, ey);
    context.rotate(angle);
    context.beginPath();
    context.moveTo(9, 0);
    context.lineTo(-6, -7);
    context.lineTo(-2, 0);
    context.lineTo(-6, 7);
    context.closePath();
    context.lineWidth = 3;
    context.strokeStyle = colors.paper;
    context.stroke();
    context.fillStyle = color;
    context.fill();
    context.restore();
  }

  drawStart(context, colors) {
    const { landscape, start, held } = this;
    if (!start || start.length !== landscape.answer.variables.length) {
      return;
    }
    const x = landscape.x(start[0]);
    const y = landscape.flat ? landscape.y(this.traces?.[0]?.losses[0] ?? landscape.heights[0]) : landscape.y(start[1]);
    const rings = [[colors.paper, 4], [colors.ink, 1.6]];
    for (const [color, pen] of rings) {
      context.strokeStyle = color;
      context.lineWidth = pen;
      context.beginPath();
      context.arc(x, y, 10, 0, 2 * Math.PI);
      for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
        context.moveTo(x + 10 * dx, y + 10 * dy);
        context.lineTo(x + (held ? 20 : 15) * dx, y + (held ? 20 : 15) * dy);
      }
      context.stroke();
    }
    if (held) {
      context.setLineDash([3, 5]);
      context.globalAlpha = 0.5;
      context.lineWidth = 1;
      context.beginPath();
      context.moveTo(x, 0);
      context.lineTo(x, landscape.height);
      context.moveTo(0, y);
      context.lineTo(landscape.width, y);
      context.stroke();
      context.setLineDash([]);
      context.globalAlpha = 1;
    }
  }
}
