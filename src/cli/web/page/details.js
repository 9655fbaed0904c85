/** @import { CommandDetail } from '../page-server.ts' */
/** @import { Row } from './feed.js' */
import { byId, element, fill } from './elements.js';
import { askCommand } from './feed.js';
import { clock, duration, instant, moment, SIGNS } from './words.js';

/** A command may have thousands of paths: the page shows the first ones. */
const MAX_PATHS = 10;
const MAX_TEXT = 2_000;

/** All that is known of one command: what `show` has. */
export class DetailsView {
  #panel = byId('details');
  #body = element('div');
  #title = element('h2', { id: 'details-title', tabindex: -1 });
  /** @type {Row | undefined} */
  #row;
  /** What had the focus. @type {Element | null} */
  #opener = null;

  /** @param {(id: string) => void} closed what opened it is there no more */
  constructor(closed) {
    const close = element('button', { type: 'button' }, 'Close ', element('kbd', {}, 'Esc'));
    fill(this.#panel, element('div', { class: 'title' }, this.#title, close), this.#body);
    const end = () => {
      const id = this.#row?.command_id;
      this.#row = undefined;
      this.#panel.hidden = true;
      if (this.#opener instanceof HTMLElement && this.#opener.isConnected) this.#opener.focus();
      else if (id !== undefined) closed(id);
    };
    close.addEventListener('click', end);
    document.addEventListener('keydown', ({ key }) => {
      if (key === 'Escape' && this.#row) end();
    });
  }

  /** @param {Row} row */
  async open(row) {
    if (!this.#panel.contains(document.activeElement)) this.#opener = document.activeElement;
    this.#panel.hidden = false;
    fill(this.#body, 'Asking the daemon …');
    await this.#load(row);
    this.#title.focus();
  }

  /**
   * It may have gone on since.
   * @param {readonly Row[]} rows
   */
  async refresh(rows) {
    const row = rows.find(({ command_id }) => command_id === this.#row?.command_id);
    if (row && row.state !== this.#row?.state) await this.#load(row);
  }

  /** @param {Row} row */
  async #load(row) {
    this.#row = row;
    fill(this.#title, `${SIGNS[row.state]} ${row.state}: ${row.type}`);
    this.#title.dataset.outcome = row.state;
    const contents = await askCommand(row.command_id).then(contentsOf, (error) => [
      element('p', { class: 'trouble' }, `It cannot be read: ${error.message}`),
    ]);
    if (this.#row === row) fill(this.#body, ...contents);
  }
}

/** @param {CommandDetail} detail */
function contentsOf({ process, transitions, audit, user }) {
  const [asked] = audit;
  const { command_id, type, command, args, start_time, end_time, return_code, pid, output, error } = process;
  const paths = asked?.paths ?? [];
  const left = paths.length - Math.min(paths.length, MAX_PATHS) + (asked?.paths_left ?? 0);
  const took = end_time ? duration(instant(String(end_time)) - instant(String(start_time))) : '';
  /** @type {[string, unknown][]} */
  const facts = [
    ['id', command_id],
    ['type', type],
    ['command', command],
    ['args', args],
    ['started', `${moment(String(start_time))} UTC`],
    ['ended', end_time && `${moment(String(end_time))} UTC, after ${took}`],
    ['exit code', return_code],
    ['pid', pid || null],
    [
      'asked by',
      asked &&
        (asked.uid === null
          ? 'somebody unknown'
          : `uid ${asked.uid}${user ? ` (${user})` : ''}, gid ${asked.gid}, pid ${asked.pid}`),
    ],
    ['connection', asked?.connection_id],
    ['schedules', asked?.schedule_count],
    [
      'touches',
      paths.length > 0
        ? [...paths.slice(0, MAX_PATHS), ...(left > 0 ? [`and ${left} more`] : [])].join('\n')
        : null,
    ],
  ];
  const known = facts.filter(([, value]) => value !== null && value !== undefined);
  return [
    element(
      'dl',
      {},
      ...known.flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, cut(String(value)))]),
    ),
    element('h3', {}, 'Transitions'),
    transitions.length === 0 ? element('p', { class: 'faint' }, 'None are kept.') : stepsOf(transitions),
    ...block('Output', output),
    ...block('Error', error),
  ];
}

/** @param {CommandDetail['transitions']} transitions */
function stepsOf(transitions) {
  const steps = transitions.map(({ from_state, to_state, event, at, why }) =>
    element(
      'li',
      {},
      element('time', {}, clock(String(at))),
      ' ',
      from_state ? `${from_state} → ` : '→ ',
      element('b', { 'data-outcome': String(to_state) }, String(to_state)),
      ' ',
      element('span', { class: 'faint' }, String(event), why ? `: ${why}` : ''),
    ),
  );
  return element('ol', { class: 'steps' }, ...steps);
}

/**
 * @param {string} title
 * @param {unknown} text
 */
function block(title, text) {
  if (text === null || text === undefined || text === '') return [];
  return [element('h3', {}, title), element('pre', { tabindex: 0 }, String(text))];
}

/** @param {string} text */
function cut(text) {
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
}
