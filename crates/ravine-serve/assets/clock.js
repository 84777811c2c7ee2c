// The time of the race, in steps: runs, stands, and is moved by hand.

import { $ } from './dom.js';

/** A race takes about this long at speed 1, in seconds, but no step less than a part of one. */
const WHOLE = 6;
const SLOWEST = 4;

export const still = matchMedia('(prefers-reduced-motion: reduce)');

export class Clock {
  constructor(moved) {
    Object.assign(this, { moved, total: 1, time: 0, playing: false, speed: 1, last: 0 });
    this.frame = this.frame.bind(this);
    $('play').addEventListener('click', () => this.toggle());
    $('back').addEventListener('click', () => this.seek(Math.ceil(this.time) - 1));
    $('forth').addEventListener('click', () => this.seek(Math.floor(this.time) + 1));
    $('scrub').addEventListener('input', (event) => this.seek(Number(event.target.value)));
    $('speed').addEventListener('change', (event) => { this.speed = Number(event.target.value); });
    this.show();
  }

  /** A race of so many steps; whoever looked at its end still does. */
  setTotal(total) {
    const atEnd = this.time >= this.total;
    this.total = Math.max(1, total);
    $('scrub').max = String(this.total);
    this.time = atEnd ? this.total : Math.min(this.time, this.total);
    this.show();
  }

  seek(time) {
    this.pause();
    this.time = Math.min(this.total, Math.max(0, time));
    this.show();
    this.moved();
  }

  /** From the start, or straight to the end for who wants nothing to move. */
  replay() {
    this.time = still.matches ? this.total : 0;
    this.show();
    this.moved();
    if (!still.matches) {
      this.play();
    }
  }

  toggle() {
    if (this.playing) {
      this.pause();
    } else {
      if (this.time >= this.total) {
        this.time = 0;
      }
      this.play();
    }
  }

  play() {
    if (!this.playing) {
      this.playing = true;
      this.last = performance.now();
      requestAnimationFrame(this.frame);
    }
    this.show();
  }

  pause() {
    this.playing = false;
    this.show();
  }

  frame(now) {
    if (!this.playing) {
      return;
    }
    // After a pause of the whole page the race goes on from where it was.
    const passed = Math.min(0.1, Math.max(0, (now - this.last) / 1000));
    this.last = now;
    this.time += passed * this.speed * Math.max(SLOWEST, this.total / WHOLE);
    if (this.time >= this.total) {
      this.time = this.total;
      this.playing = false;
    }
    this.show();
    this.moved();
    requestAnimationFrame(this.frame);
  }

  show() {
    const button = $('play');
    button.dataset.playing = String(this.playing);
    button.setAttribute('aria-label', this.playing ? 'Pause' : 'Play');
    $('scrub').value = String(this.time);
    const step = Math.floor(this.time + 1e-9);
    $('scrub').setAttribute('aria-valuetext', `step ${step} of ${this.total}`);
    $('scrub').style.setProperty('--done', `${(100 * this.time) / this.total}%`);
    $('now').textContent = `${step} / ${this.total}`;
  }
}
