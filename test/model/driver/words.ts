/** Returns a path in words: `connection, a client: reading.silent → (half-close) → closed`. */
import type { Path } from './paths.ts';

export function inWords({ machine, start, states, events }: Path): string {
  const steps = events.map((event, index) => ` → (${event}) → ${states[index + 1]}`);
  return `${machine}, ${start}: ${states[0]}${steps.join('')}`;
}
