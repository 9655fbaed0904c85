/** @import { Row } from './feed.js' */
import { byId, element, fill, setAttributes } from './elements.js';
import { showKeyed } from './keyed.js';
import { keepStop, makeRoving } from './roving.js';
import { clock, duration, instant, moment, SIGNS } from './words.js';

const ITEM = '[role=option]';
const CELLS = ['state', 'type', 'began', 'took', 'track'];

/** The last processes, newest first, each with a bar from its start to its end. */
export class TimelineView {
  #list = byId('timeline');
  #span = /** @type {HTMLSelectElement} */ (byId('span'));
  /** @type {readonly Row[]} */
  #rows = [];
  #now = Date.now();
  #chosen = '';

  /** @param {(row: Row) => void} choose */
  constructor(choose) {
    makeRoving(this.#list, {
      item: ITEM,
      choose: ({ dataset }) => {
        const row = this.#rows.find(({ command_id }) => command_id === dataset.key);
        if (row) choose(row);
      },
    });
    this.#span.addEventListener('change', () => this.#draw());
  }

  /**
   * @param {{ rows?: readonly Row[], now?: number, chosen?: string }} what has changed; `now`: in the time of the daemon
   */
  show({ rows = this.#rows, now = this.#now, chosen = this.#chosen }) {
    this.#rows = rows;
    this.#now = now;
    this.#chosen = chosen;
    this.#draw();
  }

  /** @param {string} id */
  focus(id) {
    const row = /** @type {HTMLElement[]} */ ([...this.#list.children]).find(
      ({ dataset }) => dataset.key === id,
    );
    (row ?? this.#span).focus();
  }

  #draw() {
    const span = Number(this.#span.value) * 1_000;
    const endOf = (/** @type {Row} */ { end_time }) => (end_time === null ? this.#now : instant(end_time));
    const now = Math.max(this.#now, ...this.#rows.map(endOf));
    const rows = this.#rows.filter((row) => span === 0 || endOf(row) >= now - span);
    const from = span === 0 ? Math.min(now, ...rows.map((row) => instant(row.start_time))) : now - span;
    const scale = 100 / Math.max(1, now - from);
    byId('no-processes').hidden = rows.length > 0;
    fill(byId('no-processes'), this.#rows.length > 0 ? 'None in this time.' : 'None yet.');
    fill(byId('axis-from'), rows.length > 0 ? moment(new Date(from).toISOString()) : '');
    fill(byId('axis-to'), rows.length > 0 ? `${moment(new Date(now).toISOString())} UTC` : '');
    showKeyed(this.#list, rows, {
      key: ({ command_id }) => command_id,
      make: () =>
        element(
          'div',
          { role: 'option', tabindex: -1 },
          ...CELLS.map((name) => element('span', { class: name }, name === 'track' ? element('i') : '')),
        ),
      update: (child, row) => {
        const start = instant(row.start_time);
        const took = duration(endOf(row) - start);
        const words = [`${SIGNS[row.state]} ${row.state}`, row.type, clock(row.start_time), took];
        setAttributes(child, {
          'data-outcome': row.state,
          'aria-selected': String(row.command_id === this.#chosen),
          'aria-label': `${row.state}: ${row.type}, begun ${clock(row.start_time)}, took ${took}: ${row.command}`,
          title: row.command,
        });
        for (const [at, cell] of [...child.children].entries()) if (at < words.length) fill(cell, words[at]);
        const bar = /** @type {HTMLElement} */ (child.querySelector('i'));
        bar.style.left = `${Math.max(0, start - from) * scale}%`;
        bar.style.width = `${(endOf(row) - Math.max(start, from)) * scale}%`;
      },
    });
    keepStop(this.#list, ITEM);
  }
}
