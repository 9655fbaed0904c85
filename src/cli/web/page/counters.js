/** @import { DaemonState } from '../../inspect-text.ts' */
import { byId, element, fill } from './elements.js';

/** @param {DaemonState} state */
export function showCounters({
  counters: { connections, replies, accepted, refused, processes },
  readers_of_events,
}) {
  const names = [...new Set([accepted, refused, processes].flatMap((counts) => Object.keys(counts)))];
  /** @type {[string, string][]} */
  const lines = [
    ['connections', [String(connections), counts('replies', replies)].filter(Boolean).join('; ')],
    ...names.map(
      (name) =>
        /** @type {[string, string]} */ ([
          name,
          [
            counts('reached', processes[name]),
            `${accepted[name] ?? 0} accepted`,
            counts('refused', refused[name]),
          ]
            .filter(Boolean)
            .join('; '),
        ]),
    ),
    ['readers of events', String(readers_of_events)],
  ];
  fill(
    byId('counters'),
    ...lines.flatMap(([name, text]) => [element('dt', {}, name), element('dd', {}, text)]),
  );
}

/**
 * @param {string} title
 * @param {Readonly<Record<string, number>>} [given]
 */
function counts(title, given = {}) {
  const texts = Object.entries(given).map(([name, count]) => `${name} × ${count}`);
  return texts.length > 0 ? `${title} ${texts.join(', ')}` : '';
}
