// The choice of the schedule, and its learning rates drawn.

import { Latest } from './api.js';
import { Chart } from './charts.js';
import { $, debounced, el } from './dom.js';
import { keyed } from './fields.js';
import { find, format, parse } from './spec.js';

const TYPED = '';
const FIRST = new Set(['warmup']);

export class SchedulePanel {
  constructor(catalogue, changed, seek) {
    Object.assign(this, { catalogue, changed });
    const select = $('schedule');
    select.append(el('option', { value: TYPED }, '– typed –'),
      ...catalogue.schedules.map((item) => el('option', { value: item.name }, item.title)));
    select.addEventListener('change', () => {
      if (select.value !== TYPED) {
        // What all schedules take goes along.
        const kept = [...parse(this.state.schedule).keys].filter(([key]) => catalogue.common.some((param) => param.name === key));
        this.put(format(select.value, kept), true);
      }
    });
    const later = debounced((text) => this.put(text, false), 250);
    $('schedule-text').addEventListener('input', (event) => later(event.target.value.trim()));
    this.chart = new Chart($('schedule-chart'), 118, seek);
    this.values = new Latest('/api/schedule', (answer) => this.draw(answer), (error) => this.refuse(error));
  }

  put(text, write) {
    if (text && text !== this.state.schedule) {
      this.state.schedule = text;
      if (write) {
        $('schedule-text').value = text;
      }
      this.sync();
      this.refresh();
      this.changed();
    }
  }

  render(state) {
    this.state = state;
    if (document.activeElement !== $('schedule-text')) {
      $('schedule-text').value = state.schedule;
    }
    this.sync();
    this.refresh();
  }

  sync() {
    const parsed = parse(this.state.schedule);
    const found = parsed.simple ? find(this.catalogue.schedules, parsed.name) : null;
    $('schedule').value = found ? found.item.name : TYPED;
    const make = (param) => keyed(param, parsed, found, (next, left) => {
      this.state.schedule = next;
      $('schedule-text').value = next;
      if (left) {
        this.sync();
      }
      this.refresh();
      this.changed();
    });
    // A share of the run such as 5% is typed.
    const params = found ? [...found.item.params, ...this.catalogue.common.map((param) => (param.name === 'warmup' ? { ...param, kind: 'share' } : param))] : [];
    const own = (param) => found.item.params.includes(param) || FIRST.has(param.name);
    $('schedule-params').replaceChildren(...params.filter(own).map(make),
      ...(params.length ? [el('details', {}, el('summary', {}, 'more'), ...params.filter((param) => !own(param)).map(make))] : []));
    $('schedule-about').textContent = found ? `${found.item.formula}. ${found.item.advice}` : 'first for 40 then next; a * b; (…):warmup=5%';
  }

  /** Asks for the learning rates anew. */
  refresh() {
    const { schedule, steps, lr } = this.state;
    this.values.ask({ schedule, steps: Math.max(1, steps), lr });
  }

  draw({ lrs }) {
    this.refuse(null);
    this.chart.draw({ xs: lrs.map((_, i) => i), lines: [{ look: 6, values: lrs }], label: 'Learning rate over the steps' });
  }

  refuse(error) {
    $('schedule-error').hidden = !error;
    $('schedule-error').textContent = error?.message ?? '';
    $('schedule-text').toggleAttribute('aria-invalid', Boolean(error));
  }
}
