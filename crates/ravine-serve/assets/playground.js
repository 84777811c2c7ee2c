// The playground: a state, what the server computes of it, and the pictures.

import { Latest } from './api.js';
import { Chart, KINDS, lossLines } from './charts.js';
import { Clock, still } from './clock.js';
import { $, copies, debounced, el } from './dom.js';
import { common } from './fields.js';
import { Landscape } from './landscape.js';
import { LESSONS, stateOf } from './lessons.js';
import { ObjectivePanel } from './objective.js';
import { Pointer } from './pointer.js';
import { Race } from './race.js';
import { Racers } from './racers.js';
import { results } from './results.js';
import { SchedulePanel } from './schedule.js';
import { parse, plain } from './spec.js';
import { fromHash, toHash } from './state.js';
import { onTheme } from './theme.js';

const CHART_HEIGHT = 210;

class Playground {
  constructor(catalogue) {
    this.catalogue = catalogue;
    this.state = null;
    this.traces = [];
    this.landscape = new Landscape($('ground'));
    this.race = new Race($('overlay'), this.landscape);
    this.clock = new Clock(() => this.tick());
    this.chart = new Chart($('chart'), CHART_HEIGHT, (time) => this.clock.seek(time));
    this.racers = new Racers(catalogue, () => this.trace());
    this.objective = new ObjectivePanel(catalogue, (f, keep) => this.choose(f, keep));
    this.schedule = new SchedulePanel(catalogue, () => this.trace(), (time) => this.clock.seek(time));
    this.lands = new Latest('/api/landscape', (answer, asked) => this.landed(answer, asked), (error, asked) => this.notLanded(error, asked));
    this.paths = new Latest('/api/trace', (answer, racers) => this.traced(answer, racers), (error) => this.notTraced(error));
    this.pointer = new Pointer(this);
    this.remember = debounced(() => this.writeHash(), 250);
    this.commonFields();
    this.lessons();
    copies($('copy-command'), () => $('command').textContent);
    for (const input of document.querySelectorAll('input[name="quantity"]')) {
      input.addEventListener('change', () => this.drawChart());
    }
    onTheme(() => this.redraw());
    new ResizeObserver(() => this.resize()).observe($('landscape'));
  }

  commonFields() {
    const set = (key) => (value) => {
      this.state[key] = value;
      if (key !== 'seed' && key !== 'noise') {
        this.schedule.refresh();
      }
      if (key === 'lr') {
        this.racers.refresh();
      }
      this.trace();
    };
    this.fields = {
      lr: common('lr', 'learning rate', 'Of all optimizers without one of their own', 'float', ['log', 1e-4, 10], 0.1, set('lr')),
      steps: common('steps', 'steps', 'How many steps all make', 'int', ['count', 1, 2000], 1, set('steps')),
      noise: common('noise', 'noise', 'Standard deviation of what is added to each coordinate of the gradient', 'float', ['zeroLog', 1e-3, 10], 0, set('noise')),
      seed: common('seed', 'seed', 'Of the noise', 'int', null, 0, set('seed')),
    };
    $('common').append(...Object.values(this.fields));
  }

  lessons() {
    LESSONS.forEach((lesson, i) => {
      const button = el('button', { type: 'button', 'aria-pressed': 'false', onclick: () => this.put(stateOf(lesson), { play: true }) },
        el('span', { className: 'nth', 'aria-hidden': 'true' }, String(i + 1)), lesson.title);
      $('lessons').append(button);
    });
  }

  /** Marks the lesson whose set-up this is, changed or not. */
  markLesson() {
    const hash = toHash(this.state);
    const current = LESSONS.findIndex((lesson) => toHash(stateOf(lesson)) === hash);
    if (current >= 0) {
      this.lesson = current;
    }
    [...$('lessons').children].forEach((button, i) => {
      button.setAttribute('aria-pressed', String(i === current));
      if (i === current) {
        const strip = $('lessons');
        strip.scrollTo({ left: button.offsetLeft - (strip.clientWidth - button.offsetWidth) / 2, behavior: still.matches ? 'auto' : 'smooth' });
      }
    });
    $('lesson-text').textContent = current >= 0 ? LESSONS[current].text : 'Your own experiment. The address holds all of it: copy the link to share it.';
  }

  /** Takes another state as a whole. */
  put(state, { play }) {
    this.state = state;
    this.playNext = play;
    this.racers.open = state.racers.length === 1 ? 0 : null;
    this.objective.render(state);
    this.racers.render(state);
    this.schedule.render(state);
    this.fields.lr.set(state.lr);
    this.fields.steps.set(state.steps);
    this.fields.seed.set(state.seed);
    this.fields.noise.set(state.noise ?? 0);
    this.land();
  }

  /** Another function; `keep` if it is the same with other hyper-parameters. */
  choose(f, keep) {
    this.state.f = f;
    this.state.view = null;
    if (!keep) {
      Object.assign(this.state, { start: null, noise: null });
      this.playNext = true;
    }
    this.land();
  }

  /** Asks for the landscape, then for the paths. */
  land(t = 0) {
    const box = $('landscape');
    const aspect = box.clientWidth / Math.max(1, box.clientHeight) || 1.4;
    const body = { objective: this.state.f, aspect, t };
    if (this.state.view) {
      body.domain = this.state.view;
    }
    this.lands.ask(body);
  }

  landed(answer, asked) {
    const moved = asked.t !== 0;
    const { state } = this;
    if (asked.objective !== state.f) {
      return;
    }
    this.refused = null;
    this.landscape.set(answer, asked.t);
    this.redraw();
    if (moved) {
      return;
    }
    if (state.start && state.start.length !== answer.variables.length) {
      state.start = null;
    }
    this.objective.tell(answer);
    this.fields.noise.set(state.noise ?? answer.noise);
    $('caption').textContent = answer.title === answer.expression ? '' : answer.title;
    $('landscape').setAttribute('aria-label', `Landscape of ${answer.title}`);
    $('landscape').classList.toggle('flat', this.landscape.flat);
    this.trace();
  }

  notLanded(error, asked) {
    if (asked.domain && !error.column) {
      this.state.view = null;
      this.land();
      return;
    }
    this.objective.refuse(error);
    this.trouble(null);
    // What is drawn belongs to the last function that could be read.
    this.refused = asked.objective;
    this.stale(true);
    this.remember();
  }

  /** Marks what is shown as that of an earlier set-up. */
  stale(on) {
    document.querySelector('#playground').classList.toggle('stale', on);
  }

  /** Where the race starts. */
  get start() {
    return this.state.start ?? this.landscape.answer?.start ?? null;
  }

  /** Asks for the paths. */
  trace() {
    const { f, racers, lr, schedule, start, steps, noise, seed } = this.state;
    const body = { objective: f, optimizers: racers.map((racer) => racer.spec), lr, schedule, steps, seed };
    if (start) {
      body.start = start;
    }
    if (noise !== null) {
      body.noise = noise;
    }
    this.race.start = this.start;
    // Beside what is asked: how each is drawn and called.
    this.paths.ask(body, racers.map(({ spec, look }) => ({ spec, look, lr: parse(spec).keys.get('lr') ?? plain(lr) })));
    this.markLesson();
    this.remember();
  }

  traced({ traces, command }, racers) {
    if (!this.landscape.answer || traces.some((trace) => trace.points[0].length !== this.landscape.answer.variables.length)) {
      return;
    }
    this.trouble(traces.length ? null : 'Add an optimizer to see it walk.');
    this.stale(false);
    this.traces = traces.map((trace, i) => ({ ...trace, ...racers[i] }));
    this.race.set(this.traces);
    // Without an optimizer the command would take one of its own.
    $('command').textContent = traces.length ? command : '';
    $('chart').hidden = !traces.length;
    results(this.traces, this.landscape.answer.variables);
    const total = Math.max(1, ...this.traces.map((trace) => trace.points.length - 1));
    this.clock.setTotal(total);
    this.drawChart();
    if (this.playNext) {
      this.playNext = false;
      this.clock.replay();
    } else {
      this.tick();
    }
  }

  notTraced(error) {
    this.trouble(error.message);
    this.stale(true);
  }

  trouble(message) {
    $('trouble').hidden = !message;
    $('trouble').textContent = message ?? '';
  }

  drawChart() {
    const { traces } = this;
    if (!traces.length || !this.landscape.answer) {
      return;
    }
    const quantity = document.querySelector('input[name="quantity"]:checked').value;
    const longest = Math.max(...traces.map((trace) => trace[quantity].length));
    const losses = lossLines(traces, this.landscape.answer.moves ? null : this.landscape.answer.lowest);
    const drawn = {
      losses,
      grad_norms: { kind: KINDS.log, map: (x) => (x > 0 ? Math.min(x, 1e12) : null), title: 'Length of the gradient' },
      lrs: { kind: KINDS.linear, map: (x) => x, title: 'Learning rate' },
    }[quantity];
    const lines = traces.map((trace) => ({
      look: trace.look,
      values: Array.from({ length: longest }, (_, i) => (i < trace[quantity].length ? drawn.map(trace[quantity][i]) : null)),
    }));
    // Nothing to take a logarithm of.
    const empty = lines.every((line) => line.values.every((value) => value === null));
    $('chart-title').textContent = drawn.title;
    this.chart.draw({ xs: Array.from({ length: longest }, (_, i) => i), lines, kind: empty ? KINDS.linear : drawn.kind, label: `${drawn.title} over the steps` });
  }

  /** Everything that follows the time. */
  tick() {
    if (!this.landscape.answer) {
      return;
    }
    const { time } = this.clock;
    const step = Math.floor(time);
    if (this.landscape.answer.moves && step !== this.landscape.t && this.lands.waiting === null && !this.lands.busy && this.refused !== this.state.f) {
      this.land(step);
    }
    this.race.draw(time);
    this.chart.mark(time);
    this.schedule.chart.mark(time);
    this.racers.tell(this.traces, time);
  }

  resize() {
    const box = $('landscape');
    if (!box.clientWidth) {
      return;
    }
    const shape = box.clientWidth / box.clientHeight;
    this.landscape.resize(box.clientWidth, box.clientHeight, Math.min(3, devicePixelRatio || 1));
    if (this.landscape.answer) {
      this.redraw();
      // Contours of another shape of the window show another part of the function.
      if (Math.abs(shape / this.shape - 1) > 0.02) {
        this.land();
      }
    }
    this.shape = shape;
  }

  redraw() {
    if (this.landscape.answer && this.landscape.width) {
      this.landscape.draw();
      this.race.place();
      this.drawChart();
      this.tick();
    }
  }

  /** Sets the start; `final` once the hand lets go. */
  setStart(point, final) {
    this.state.start = point;
    this.playNext = final;
    if (!final) {
      this.clock.pause();
      this.clock.time = this.clock.total;
    }
    this.trace();
  }

  writeHash() {
    const hash = toHash(this.state);
    if (!$('playground').hidden && location.hash !== hash) {
      history.replaceState(null, '', hash);
    }
  }
}

export function startPlayground(catalogue) {
  const playground = new Playground(catalogue);
  return {
    show(hash) {
      const state = fromHash(hash);
      if (state ? toHash(state) !== (playground.state && toHash(playground.state)) : !playground.state) {
        playground.put(state ?? stateOf(LESSONS[0]), { play: true });
      } else {
        playground.resize();
      }
    },
    hide: () => playground.clock.pause(),
    link: () => (playground.state ? toHash(playground.state) : ''),
  };
}
