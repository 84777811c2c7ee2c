// The comparisons in the run store, and one of them as it runs.

import { Closed, get } from './api.js';
import { Chart } from './charts.js';
import { $, copies, el } from './dom.js';
import { marker } from './markers.js';
import { short } from './spec.js';
import { onTheme } from './theme.js';

/** How often the list is asked for, in milliseconds. */
const AGAIN = 2000;
const CHART_HEIGHT = 260;
/** Curves beyond the best so many are not drawn. */
const DRAWN = 12;

const state = ({ finished, running }) => (finished ? 'finished' : running ? 'running' : 'unfinished');

function duration(seconds) {
  const whole = Math.round(seconds);
  return whole < 100 ? `${whole} s` : whole < 6000 ? `${Math.floor(whole / 60)} min ${whole % 60} s` : `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

function when(started) {
  const date = new Date(started);
  return Number.isNaN(date.getTime()) ? started : date.toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'short' });
}

/** A finished comparison may have spared trials: it is done whatever the count. */
const share = ({ finished, ended, trials }) => (finished ? 1 : Math.min(1, ended / Math.max(1, trials)));

function bar(run) {
  const fill = el('i');
  fill.style.transform = `scaleX(${share(run)})`;
  return el('div', {
    className: `bar ${state(run)}`, role: 'progressbar', 'aria-label': 'Trials done', 'aria-valuemin': '0', 'aria-valuemax': '100',
    'aria-valuenow': String(Math.round(100 * share(run))),
  }, fill);
}

const counted = (list, word) => `${list.length} ${word}${list.length === 1 ? '' : 's'}`;

class Runs {
  constructor() {
    this.shown = false;
    this.id = null;
    onTheme(() => this.news && this.draw(this.news));
  }

  show(id) {
    this.shown = true;
    this.asked = id ? Number(id) : null;
    this.list();
  }

  hide() {
    this.shown = false;
    clearTimeout(this.timer);
    this.leave();
  }

  leave() {
    clearTimeout(this.again);
    this.events?.close();
    this.events = null;
    this.id = null;
    this.news = null;
  }

  async list() {
    clearTimeout(this.timer);
    try {
      const answer = await get('/api/runs');
      if (this.shown) {
        this.items(answer);
      }
    } catch (error) {
      if (error instanceof Closed) {
        return;
      }
      $('store').textContent = error.message;
    }
    if (this.shown) {
      this.timer = setTimeout(() => this.list(), AGAIN);
    }
  }

  items({ store, runs }) {
    $('store').textContent = store;
    const id = this.asked ?? runs[0]?.id;
    const text = JSON.stringify([runs.map((run) => [run.id, run.ended, state(run)]), id]);
    if (text !== this.listed) {
      this.listed = text;
      const focused = document.activeElement?.dataset?.run;
      $('runs-items').replaceChildren(...runs.map((run) => this.item(run, id)));
      $('runs-items').querySelector(`[data-run="${focused}"]`)?.focus();
    }
    if (!runs.length) {
      this.leave();
      this.nothing();
    } else if (id !== this.id) {
      this.follow(runs.find((run) => run.id === id), id);
    }
  }

  item(run, id) {
    const { plan } = run;
    return el('a', { className: 'item', href: `#runs/${run.id}`, 'data-run': String(run.id), 'aria-current': run.id === id && 'true' },
      el('div', { className: 'line' }, el('b', {}, plan.workloads.join(', ')), el('span', { className: `state ${state(run)}` }, state(run))),
      el('p', {}, `${counted(plan.optimizers, 'optimizer')} × ${counted(plan.schedules, 'schedule')} · ${run.ended} of ${run.finished ? run.ended : run.trials} trials`),
      el('p', {}, when(run.started)),
      bar(run));
  }

  nothing() {
    const copy = el('button', { type: 'button', className: 'quiet' }, 'Copy');
    copies(copy, () => 'ravine compare');
    this.listed = null;
    $('runs-items').replaceChildren();
    if (!$('run').querySelector('.nothing')) {
      $('run').replaceChildren(el('div', { className: 'card nothing' },
        el('p', {}, 'No comparison yet. Start one in a terminal; it shows up here by itself.'),
        el('pre', {}, el('code', {}, 'ravine compare'), copy)));
    }
  }

  /** Opens one and listens to it. */
  follow(run, id) {
    this.leave();
    this.id = id;
    this.run = run;
    if (!run) {
      $('run').replaceChildren(el('div', { className: 'card nothing' }, el('p', {}, `There is no comparison ${id} in the store.`)));
      return;
    }
    this.frame(run);
    this.events = new EventSource(`/api/runs/${id}/events`);
    this.events.addEventListener('news', (event) => {
      this.news = JSON.parse(event.data);
      this.draw(this.news);
    });
    this.events.addEventListener('end', () => {
      this.events.close();
      this.verdicts(id);
    });
    this.events.addEventListener('trouble', (event) => {
      this.events.close();
      this.facts.textContent = JSON.parse(event.data).error;
      // A server that is busy now is not so for long.
      this.again = setTimeout(() => this.follow(run, id), AGAIN);
    });
  }

  frame(run) {
    this.facts = el('p', { className: 'facts' });
    this.head = el('div');
    this.report = el('a', { className: 'open-report', href: `/runs/${run.id}/report`, target: '_blank', rel: 'noopener' }, 'Open the report');
    this.claims = el('ul', { className: 'claims', hidden: true });
    const title = el('div', { className: 'line' }, el('h1', {}, run.plan.workloads.join(', ')), this.report);
    this.workloads = run.workloads.map((workload) => {
      const box = el('div', { className: 'chart', role: 'img' });
      const keys = el('div', { className: 'keys' });
      const table = el('table');
      const card = el('div', { className: 'card' },
        el('div', { className: 'card-head' }, el('h2', {}, `${run.workloads.length > 1 ? `${workload.name}: v` : 'V'}alidation ${workload.metric} over the steps`)),
        box, keys);
      const list = el('div', { className: 'card' }, el('div', { className: 'card-head' }, el('h2', {}, 'Arms, best first')),
        el('div', { className: 'scroll', tabIndex: 0, role: 'region', 'aria-label': 'Arms' }, table));
      return { workload, card, list, keys, table, chart: new Chart(box, CHART_HEIGHT, null) };
    });
    $('run').replaceChildren(
      el('div', { className: 'card run-head' }, title, el('p', { className: 'command-line mono' }, run.command), this.head, this.facts, this.claims),
      ...this.workloads.flatMap(({ card, list }) => [card, list]));
  }

  draw(news) {
    this.head.replaceChildren(bar(news));
    const fact = (value, text) => el('span', {}, el('b', {}, value), ` ${text}`);
    const current = news.current[0];
    this.facts.replaceChildren(...[
      el('span', { className: `state ${state(news)}` }, state(news)),
      fact(String(news.ended), news.finished ? 'trials' : `of at most ${news.trials} trials`),
      fact(duration(news.seconds), 'run'),
      !news.finished && fact(news.phase === 'tuning' ? 'searching learning rates' : 'reported runs', ''),
      current && !news.finished && el('span', {}, `now ${current.optimizer}, ${current.schedule}, lr ${short(current.lr, 2)}`),
    ].filter(Boolean));
    const looks = [...new Set(news.arms.map((arm) => arm.optimizer))];
    for (const part of this.workloads) {
      this.drawWorkload(part, news, looks);
    }
  }

  drawWorkload({ workload, keys, table, chart }, news, looks) {
    const sign = workload.higher_is_better ? 1 : -1;
    const worth = (arm) => (arm.validation === null ? -Infinity : sign * arm.validation);
    const arms = news.arms.filter((arm) => arm.workload === workload.name).sort((a, b) => worth(b) - worth(a) || 0);
    const schedules = [...new Set(news.arms.map((arm) => arm.schedule))];
    const look = (arm) => looks.indexOf(arm.optimizer);
    const dashes = [[], [7, 3], [2, 3], [9, 3, 2, 3], [4, 2], [12, 4]];
    const drawn = arms.filter((arm) => arm.curve.length > 1).slice(0, DRAWN);
    const current = news.current.filter((trial) => trial.workload === workload.name && trial.curve.length > 1);
    const lines = [
      ...current.map((trial) => ({ look: looks.indexOf(trial.optimizer), faint: true, curve: trial.curve })),
      ...drawn.map((arm) => ({ look: look(arm), dash: dashes[schedules.indexOf(arm.schedule) % dashes.length], curve: arm.curve })),
    ];
    const xs = [...new Set(lines.flatMap((line) => line.curve.map((point) => point[0])))].sort((a, b) => a - b);
    const place = new Map(xs.map((x, i) => [x, i]));
    for (const line of lines) {
      line.values = xs.map(() => null);
      line.curve.forEach(([x, y]) => { line.values[place.get(x)] = y; });
    }
    // The leap from the untrained model would press all that follows into a line.
    const after = lines.flatMap((line) => line.values.slice(1)).filter((y) => y !== null);
    const [bottom, top] = [Math.min(...after), Math.max(...after)];
    const range = top > bottom ? [bottom - 0.06 * (top - bottom), top + 0.06 * (top - bottom)] : null;
    chart.draw({ range, xs: xs.length ? xs : [0, 1], lines: lines.length ? lines : [{ look: 0, values: [null, null] }], label: `Validation ${workload.metric} over the steps` });
    const shownLooks = [...new Set(drawn.map((arm) => arm.optimizer))];
    keys.replaceChildren(...shownLooks.map((name) => el('span', {}, marker(looks.indexOf(name)), name)),
      ...(schedules.length > 1 ? [el('span', {}, schedules.map((name, i) => `${['solid', 'dashed', 'dotted', 'dash-dot', 'short', 'long'][i % 6]}: ${name}`).join(' · '))] : []));
    const heads = ['optimizer', 'schedule', 'best lr', `validation ${workload.metric}`, 'rates tried', 'runs', 'failed'];
    const values = arms.map((arm) => arm.validation).filter((x) => x !== null);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    table.replaceChildren(
      el('thead', {}, el('tr', {}, ...heads.map((text, i) => el('th', { scope: 'col', className: i > 1 ? 'num' : '' }, text)))),
      el('tbody', {}, ...arms.map((arm, i) => {
        const fill = el('i');
        const part = high > low ? (arm.validation - low) / (high - low) : 1;
        fill.style.transform = `scaleX(${0.06 + 0.94 * (sign > 0 ? part : 1 - part)})`;
        const validation = arm.validation === null ? ['–'] : [short(arm.validation, 4), el('span', { className: `meter s${look(arm) % 8}` }, fill)];
        return el('tr', { className: i === 0 && arm.validation !== null ? 'best' : '' },
          el('td', {}, el('span', { className: 'who' }, marker(look(arm)), arm.optimizer)),
          el('td', {}, arm.schedule),
          el('td', { className: 'num' }, arm.lr === null ? '–' : short(arm.lr, 2)),
          el('td', { className: 'num' }, ...validation),
          ...[arm.tried, arm.runs, arm.failed].map((count) => el('td', { className: 'num' }, String(count))));
      })));
  }

  /** What can be claimed, once it is finished. */
  async verdicts(id) {
    try {
      const { verdicts } = await get(`/api/runs/${id}`);
      if (this.id === id) {
        this.claims.replaceChildren(...verdicts.flatMap((verdict) => verdict.claims).map((claim) => el('li', {}, claim.text)));
        this.claims.hidden = !this.claims.children.length;
      }
    } catch {
      // The report says it too.
    }
  }
}

export const startRuns = () => new Runs();
