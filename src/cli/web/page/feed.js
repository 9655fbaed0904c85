/** @import { DaemonState } from '../../inspect-text.ts' */
/** @import { Trail } from '../trails.ts' */
/** @import { ChartPath } from '../chart-path.ts' */
/** @import { CommandDetail } from '../page-server.ts' */
/** @import { Drawing } from '../drawing.ts' */

/**
 * @typedef {object} Row of /processes
 * @property {string} command_id
 * @property {string} type
 * @property {'pending' | 'running' | 'succeeded' | 'failed'} state
 * @property {string} command
 * @property {number | null} return_code
 * @property {string} start_time
 * @property {string | null} end_time
 */

/**
 * @typedef {object} Topics
 * @property {{ away: string | null }} daemon
 * @property {DaemonState} state
 * @property {{ processes: Row[] }} processes
 */

/** @typedef {'waiting' | 'served' | 'lost'} Link to the verb that serves this page */

/**
 * Listens while the page is visible: a background tab costs the daemon nothing.
 * @param {{ [T in keyof Topics]: (told: Topics[T]) => void } & { link: (link: Link) => void }} hear
 */
export function listen(hear) {
  /** @type {EventSource | undefined} */
  let source;
  const follow = () => {
    if (document.hidden) {
      source?.close();
      source = undefined;
    } else if (!source) {
      source = new EventSource('feed');
      source.addEventListener('open', () => hear.link('served'));
      source.addEventListener('error', () => hear.link('lost'));
      for (const topic of /** @type {const} */ (['daemon', 'state', 'processes'])) {
        source.addEventListener(topic, ({ data }) => hear[topic](JSON.parse(data)));
      }
    }
  };
  document.addEventListener('visibilitychange', follow);
  follow();
}

/** @returns {Promise<Drawing[]>} */
export async function askCharts() {
  return /** @type {Promise<Drawing[]>} */ (ask('charts'));
}

/**
 * @param {string} key of a command, a connection or the daemon
 * @returns {Promise<(Trail & { path: ChartPath }) | null>} null: it was not watched
 */
export async function askTrail(key) {
  return /** @type {any} */ (ask(`trails/${encodeURIComponent(key)}`));
}

/**
 * @param {string} id
 * @returns {Promise<CommandDetail & { path: ChartPath }>}
 */
export async function askCommand(id) {
  return /** @type {any} */ (ask(`commands/${encodeURIComponent(id)}`));
}

/**
 * @param {string} path
 * @returns {Promise<unknown>}
 */
async function ask(path) {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
}
