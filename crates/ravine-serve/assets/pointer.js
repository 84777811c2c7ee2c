// The landscape under the pointer and the keyboard.

import { $ } from './dom.js';
import { rounded, short } from './spec.js';

/** Parts of the width that an arrow key moves the start by, and with shift. */
const STEP = 1 / 60;
const LEAP = 1 / 12;
const ZOOM = 1.5;

export class Pointer {
  constructor(playground) {
    this.playground = playground;
    const box = $('landscape');
    box.addEventListener('pointerdown', (event) => this.down(event));
    box.addEventListener('pointermove', (event) => this.move(event));
    box.addEventListener('pointerup', (event) => this.up(event));
    box.addEventListener('pointercancel', () => { this.dragged = false; });
    box.addEventListener('keydown', (event) => this.key(event));
    box.addEventListener('focus', () => this.hold(box.matches(':focus-visible')));
    box.addEventListener('blur', () => this.hold(false));
    box.addEventListener('wheel', (event) => {
      if (event.ctrlKey) {
        event.preventDefault();
        this.zoom(event.deltaY < 0 ? ZOOM : 1 / ZOOM);
      }
    }, { passive: false });
    $('zoom-in').addEventListener('click', () => this.zoom(ZOOM));
    $('zoom-out').addEventListener('click', () => this.zoom(1 / ZOOM));
    $('zoom-all').addEventListener('click', () => this.zoom(null));
  }

  hold(held) {
    this.playground.race.held = held;
    this.playground.tick();
  }

  /** The point under an event, in digits that a pixel is worth. */
  point(event) {
    const { landscape } = this.playground;
    const box = $('landscape').getBoundingClientRect();
    const at = landscape.at(event.clientX - box.left, event.clientY - box.top);
    return this.whole(at.map((x, i) => this.round(x, i)));
  }

  round(x, i) {
    const { domain } = this.playground.landscape.answer;
    const [a, b] = domain[i];
    const digits = Math.max(0, 2 - Math.floor(Math.log10(b - a)));
    return Number(x.toFixed(Math.min(12, digits)));
  }

  /** With the coordinates that are not shown. */
  whole(at) {
    const rest = this.playground.start?.slice(at.length) ?? [];
    return [...at, ...rest];
  }

  down(event) {
    if (event.button === 0 && this.playground.landscape.answer) {
      $('landscape').setPointerCapture(event.pointerId);
      this.dragged = true;
      this.playground.setStart(this.point(event), false);
    }
  }

  move(event) {
    if (this.dragged) {
      this.playground.setStart(this.point(event), false);
      this.say();
    }
  }

  up(event) {
    if (this.dragged) {
      this.dragged = false;
      this.playground.setStart(this.point(event), true);
      this.say();
    }
  }

  key(event) {
    const { playground } = this;
    const { answer } = playground.landscape;
    const directions = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [1, 1], ArrowDown: [1, -1] };
    const direction = directions[event.key];
    if (!answer || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    if (direction) {
      const [axis, sign] = direction;
      event.preventDefault();
      if (axis < answer.domain.length) {
        const [a, b] = answer.domain[axis];
        const point = [...playground.start];
        point[axis] = this.round(point[axis] + sign * (event.shiftKey ? LEAP : STEP) * (b - a), axis);
        playground.race.held = true;
        playground.setStart(point, false);
        this.say();
      }
    } else if (event.key === '+' || event.key === '=') {
      this.zoom(ZOOM);
    } else if (event.key === '-') {
      this.zoom(1 / ZOOM);
    } else if (event.key === '0') {
      this.zoom(null);
    } else if (event.key === ' ' || event.key === 'Enter') {
      event.preventDefault();
      playground.clock.toggle();
    }
  }

  /** Says where the start is. */
  say() {
    const { start, landscape } = this.playground;
    const names = landscape.answer.variables;
    $('where').textContent = `Start: ${start.slice(0, 3).map((x, i) => `${names[i]} ${short(x)}`).join(', ')}`;
  }

  /** Nearer by a factor, around the start if that is in sight; null for all. */
  zoom(factor) {
    const { playground } = this;
    const { answer } = playground.landscape;
    if (!answer) {
      return;
    }
    const around = playground.start ?? [];
    playground.state.view = factor && answer.domain.map(([a, b], i) => {
      const inside = around[i] >= a && around[i] <= b;
      const middle = inside && factor > 1 ? around[i] + ((a + b) / 2 - around[i]) / factor : (a + b) / 2;
      const half = (b - a) / 2 / factor;
      return [rounded(middle - half, 5), rounded(middle + half, 5)];
    });
    playground.land();
    playground.remember();
  }
}
