/** @import { Drawing } from '../drawing.ts' */
/** How values are written. Times come as the database has them (`2026-11-24 02:20:54.788000`), or as ISO; all are UTC. */

/** A sign for each state: colour is never the only one. */
export const SIGNS = /** @type {Record<string, string>} */ ({
  pending: '◌',
  running: '▶',
  succeeded: '✓',
  failed: '✗',
});

/**
 * In milliseconds since the epoch.
 * @param {string} at
 */
export function instant(at) {
  return Date.parse(at.includes('T') ? at : `${at.replace(' ', 'T')}Z`);
}

/**
 * `02:20:54.788`
 * @param {string} at
 */
export function clock(at) {
  return at
    .replace('T', ' ')
    .replace('Z', '')
    .replace(/(\.\d{3})\d+$/, '$1')
    .slice(11);
}

/**
 * `2026-11-24 02:20:54`
 * @param {string} at
 */
export function moment(at) {
  return at.replace('T', ' ').slice(0, 19);
}

/** @param {number} ms */
export function duration(ms) {
  if (Number.isNaN(ms)) return '?';
  if (ms < 60_000) return `${(ms / 1_000).toFixed(ms < 10_000 ? 3 : 1)} s`;
  const minutes = Math.floor(ms / 60_000);
  return minutes < 60
    ? `${minutes} min ${Math.floor(ms / 1_000) % 60} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/**
 * Of something that goes on, seconds are enough.
 * @param {number} ms
 */
export function age(ms) {
  return ms < 60_000 ? `${Math.floor(ms / 1_000)} s` : duration(ms);
}

/** @param {string} id */
export function shortId(id) {
  return id.slice(0, 8);
}

/**
 * As the charts have it, where XState's own name says less: `recordEnd is done` for
 * `xstate.done.actor.0.process.settling`.
 * @param {string} event
 * @param {readonly Drawing[]} drawings
 */
export function eventWords(event, drawings) {
  if (event === 'xstate.init') return 'begun';
  const after = /^xstate\.after\.([A-Z_]+)\./.exec(event);
  if (after) return `after ${after[1]}`;
  const [, how, actor = ''] = /^xstate\.(done|error)\.actor\.(.+)/.exec(event) ?? [];
  if (how === undefined) return event;
  const [, at = '', machine = '', state = ''] = /^(\d+)\.(\w+)\.(.+)/.exec(actor) ?? [];
  const states = drawings.find(({ name }) => name === machine)?.states;
  const ran = states?.find(({ id }) => id === state.replaceAll('.', '_'))?.invokes[Number(at)];
  return `${ran ?? actor} ${how === 'done' ? 'is done' : 'failed'}`;
}
