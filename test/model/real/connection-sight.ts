/** The external observations of one client: its reply, and the rows of its request. */
import type { Path } from '../driver/paths.ts';
import type { Sight } from '../driver/walk.ts';
import { expectedOf, leftAlone } from '../oracles/connection.ts';

const NOBODY = 'nobody to take a reply';

export function see({ events }: Path, text: string, rows: number): Sight {
  const codes = [...text.matchAll(/"code":(\d+)/g)].map(([, code]) => `a ${code}`);
  return {
    reply: events.includes('vanish') ? NOBODY : codes.join(', ') || 'silence',
    row: ['no row', 'a row'][rows] ?? 'several rows',
  };
}

/** The expectation once nothing more happens. */
export function expectedInTheEnd({ start, events }: Path): Sight {
  const { reply, handed } = expectedOf(start, leftAlone(start, events));
  return {
    reply: events.includes('vanish') ? NOBODY : events.includes('cannot be sent') ? 'silence' : reply,
    row: handed && reply !== 'a 503' ? 'a row' : 'no row',
  };
}
