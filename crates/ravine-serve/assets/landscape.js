// The function: filled contours, or a curve. Drawn once for each change; what moves lies on a canvas above it.

import { ground, palette } from './theme.js';
import { short } from './spec.js';

const MARGIN = 0.09;

export class Landscape {
  constructor(canvas) {
    this.canvas = canvas;
    this.answer = null;
  }

  get flat() {
    return this.answer.domain.length === 1;
  }

  /** Takes what the server computed for a step. */
  set(answer, t) {
    this.answer = answer;
    this.t = t;
    this.regions = answer.regions.map(({ fill, line }) => ({ fill: new Path2D(fill), line: new Path2D(line) }));
    if (this.flat) {
      const values = answer.curve.map((point) => point[1]).filter((y) => y !== null);
      const [low, high] = values.length ? [Math.min(...values), Math.max(...values)] : [0, 1];
      const room = MARGIN * (high - low || 1);
      this.heights = [low - room, high + room];
    }
  }

  /** Sizes a canvas to its box in the pixels of the screen. */
  static fit(canvas, width, height, scale) {
    const [w, h] = [Math.round(width * scale), Math.round(height * scale)];
    if (canvas.width !== w || canvas.height !== h) {
      canvas.width = w;
      canvas.height = h;
    }
    const context = canvas.getContext('2d');
    context.setTransform(scale, 0, 0, scale, 0, 0);
    return context;
  }

  resize(width, height, scale) {
    Object.assign(this, { width, height, scale });
  }

  x(value) {
    const [a, b] = this.answer.domain[0];
    return ((value - a) / (b - a)) * this.width;
  }

  y(value) {
    const [a, b] = this.flat ? this.heights : this.answer.domain[1];
    return (1 - (value - a) / (b - a)) * this.height;
  }

  /** The point of the function under a pixel. */
  at(px, py) {
    const part = ([a, b], share) => a + share * (b - a);
    const x = part(this.answer.domain[0], px / this.width);
    return this.flat ? [x] : [x, part(this.answer.domain[1], 1 - py / this.height)];
  }

  draw() {
    const context = Landscape.fit(this.canvas, this.width, this.height, this.scale);
    const colors = palette();
    context.fillStyle = ground(this.flat ? 1 : 0);
    context.fillRect(0, 0, this.width, this.height);
    if (this.flat) {
      this.drawCurve(context, colors);
    } else {
      this.drawLevels(context, colors);
    }
    this.drawTicks(context, colors);
    this.drawMinima(context, colors);
  }

  drawLevels(context, colors) {
    const { side } = this.answer;
    const count = this.regions.length;
    context.save();
    context.scale(this.width / side, this.height / side);
    this.regions.forEach(({ fill }, i) => {
      context.fillStyle = ground((i + 1) / count);
      context.fill(fill, 'evenodd');
    });
    context.restore();
    // Lines keep their width: the paths are placed, not the pen.
    const place = new DOMMatrix([this.width / side, 0, 0, this.height / side, 0, 0]);
    context.strokeStyle = colors.ink;
    context.lineWidth = 0.8;
    this.regions.forEach(({ line }, i) => {
      const placed = new Path2D();
      placed.addPath(line, place);
      context.globalAlpha = i % 4 === 0 ? 0.26 : 0.11;
      context.stroke(placed);
    });
    context.globalAlpha = 1;
  }

  drawCurve(context, colors) {
    const line = new Path2D();
    let open = false;
    let first = null;
    let last = null;
    const under = new Path2D();
    const close = () => {
      if (open) {
        under.lineTo(last, this.height);
        under.lineTo(first, this.height);
        under.closePath();
      }
      open = false;
    };
    for (const [x, y] of this.answer.curve) {
      if (y === null) {
        close();
        continue;
      }
      const [px, py] = [this.x(x), this.y(y)];
      for (const path of [line, under]) {
        path[open ? 'lineTo' : 'moveTo'](px, py);
      }
      first = open ? first : px;
      last = px;
      open = true;
    }
    close();
    const depth = context.createLinearGradient(0, 0, 0, this.height);
    depth.addColorStop(0, ground(0.75));
    depth.addColorStop(1, ground(0.1));
    context.fillStyle = depth;
    context.globalAlpha = 0.75;
    context.fill(under);
    context.globalAlpha = 0.8;
    context.strokeStyle = colors.ink;
    context.lineWidth = 1.6;
    context.lineJoin = 'round';
    context.stroke(line);
    context.globalAlpha = 1;
  }

  drawTicks(context, colors) {
    context.font = '11px system-ui, sans-serif';
    context.lineWidth = 3;
    context.lineJoin = 'round';
    context.strokeStyle = ground(0.93);
    const write = (text, x, y) => {
      context.globalAlpha = 0.7;
      context.strokeText(text, x, y);
      context.globalAlpha = 0.85;
      context.fillStyle = colors.ink;
      context.fillText(text, x, y);
    };
    const { domain, variables } = this.answer;
    context.textAlign = 'center';
    context.textBaseline = 'alphabetic';
    for (const tick of ticks(domain[0], Math.max(4, this.width / 90))) {
      const x = this.x(tick);
      if (x > 46 && x < this.width - 34) {
        context.fillStyle = colors.ink;
        context.globalAlpha = 0.5;
        context.fillRect(x, this.height - 5, 1, 5);
        write(short(tick), x, this.height - 9);
      }
    }
    write(variables[0], this.width - 14, this.height - 9);
    context.textAlign = 'left';
    context.textBaseline = 'middle';
    for (const tick of ticks(this.flat ? this.heights : domain[1], Math.max(4, this.height / 70))) {
      const y = this.y(tick);
      if (y > 62 && y < this.height - 26) {
        context.fillStyle = colors.ink;
        context.globalAlpha = 0.5;
        context.fillRect(0, y, 5, 1);
        write(short(tick), 9, y);
      }
    }
    write(this.flat ? 'f' : variables[1], 9, 50);
    context.globalAlpha = 1;
  }

  drawMinima(context, colors) {
    // Of a function that moves they are known where it began.
    const minima = this.answer.moves && this.t ? [] : this.answer.minima;
    for (const minimum of minima) {
      const x = this.x(minimum[0]);
      const y = this.flat ? this.y(this.answer.lowest ?? 0) : this.y(minimum[1]);
      context.beginPath();
      for (let i = 0; i < 10; i += 1) {
        const radius = i % 2 ? 3.4 : 8;
        const angle = (Math.PI * i) / 5 - Math.PI / 2;
        context.lineTo(x + radius * Math.cos(angle), y + radius * Math.sin(angle));
      }
      context.closePath();
      context.lineWidth = 3.5;
      context.lineJoin = 'round';
      context.strokeStyle = colors.paper;
      context.stroke();
      context.fillStyle = colors.ink;
      context.fill();
    }
  }
}

/** Round numbers in a range, about `count` of them. */
export function ticks([low, high], count) {
  const rough = (high - low) / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough);
  const list = [];
  for (let i = Math.ceil(low / step); i * step <= high; i += 1) {
    list.push(Number((i * step).toPrecision(12)));
  }
  return list;
}
