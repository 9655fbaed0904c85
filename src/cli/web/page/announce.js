/** @import { Row } from './feed.js' */
import { byId } from './elements.js';
import { duration, instant } from './words.js';

/**
 * Announces a short text to users of a screen reader.
 * @param {string} text
 */
export function announce(text) {
  byId('news').textContent = text;
}

/**
 * Tells of ends that were not there before.
 * @param {readonly Row[] | undefined} before
 * @param {readonly Row[]} now
 */
export function announceEnds(before, now) {
  if (!before) return;
  const known = new Map(before.map(({ command_id, state }) => [command_id, state]));
  const ended = now.filter(
    ({ command_id, state, end_time }) => end_time !== null && known.get(command_id) !== state,
  );
  const [last] = ended;
  if (!last?.end_time) return;
  const took = duration(instant(last.end_time) - instant(last.start_time));
  const others = ended.length > 1 ? `, and ${ended.length - 1} more ended` : '';
  announce(`${last.type} ${last.state} after ${took}${others}`);
}
