// The choice of the function: from the catalogue, with its hyper-parameters, or typed.

import { $, debounced, el } from './dom.js';
import { keyed } from './fields.js';
import { find, parse } from './spec.js';

const TYPED = '';

export class ObjectivePanel {
  /** `changed(text)` is called with another function. */
  constructor(catalogue, changed) {
    Object.assign(this, { catalogue, changed });
    const select = $('catalogue');
    const groups = new Map();
    for (const item of catalogue.objectives) {
      const group = item.dim === 1 ? 'One variable' : 'Two variables or more';
      groups.set(group, [...(groups.get(group) ?? []), item]);
    }
    select.append(el('option', { value: TYPED }, '– typed –'));
    for (const [name, items] of groups) {
      select.append(el('optgroup', { label: name }, ...items.map((item) => el('option', { value: item.name }, item.title))));
    }
    select.addEventListener('change', () => {
      if (select.value !== TYPED) {
        $('expression').value = select.value;
        this.type(select.value);
      }
    });
    const later = debounced((text) => this.type(text), 250);
    $('expression').addEventListener('input', (event) => later(event.target.value.trim()));
  }

  type(text) {
    if (text) {
      this.sync(text);
      this.changed(text);
    }
  }

  render(state) {
    if (document.activeElement !== $('expression') || $('expression').value.trim() !== state.f) {
      $('expression').value = state.f;
    }
    this.sync(state.f);
  }

  /** The choice and the fields that go with a text. */
  sync(text) {
    const parsed = parse(text);
    const found = parsed.simple ? find(this.catalogue.objectives, parsed.name) : null;
    $('catalogue').value = found ? found.item.name : TYPED;
    const make = (param) => keyed(param, parsed, found, (next, left) => {
      $('expression').value = next;
      if (left) {
        this.sync(next);
      }
      this.changed(next, true);
    });
    $('objective-params').replaceChildren(...(found?.item.params ?? []).map(make));
    this.found = found;
  }

  /** What the server knows of it. */
  tell({ expression }) {
    this.refuse(null);
    const { found } = this;
    const about = found
      ? [el('code', {}, found.item.formula), el('span', {}, found.item.advice), el('span', { className: 'source' }, found.item.source)]
      : [el('code', {}, expression)];
    $('about').replaceChildren(...about);
  }

  /** Says what is wrong, and shows where. */
  refuse(error) {
    const line = $('expression-error');
    line.hidden = !error;
    $('expression').toggleAttribute('aria-invalid', Boolean(error));
    if (!error) {
      return;
    }
    const text = $('expression').value.trim();
    const parts = [el('span', {}, error.message)];
    if (error.column) {
      // Columns count characters, not the halves that a script counts.
      const letters = [...text];
      const at = error.column - 1;
      const from = Math.max(0, at - 22);
      parts.push(el('code', {}, from ? '…' : '', letters.slice(from, at).join(''), el('mark', {}, letters[at] ?? ' '), letters.slice(at + 1, at + 14).join('')));
    }
    line.replaceChildren(...parts);
  }
}
