/** Which of the paths a client, the kernel and an operator can bring about, with a real daemon. */
import { type Path, pathsOf } from '../driver/paths.ts';
import { type Expected, expectedOf, leftAlone } from '../oracles/connection.ts';
import { connectionVocabulary } from '../vocabularies/connection.ts';

const BYTES = ['a piece', 'a good request', 'broken JSON', 'an unknown command', 'too much'];

/** By what a client may expect: what can be made to happen then. Missing are what lasts too short to be met, and what
 * only a fault inside the daemon brings. */
function doable({ stage, early, came }: Expected): readonly string[] {
  switch (stage) {
    case 'reading':
      return [
        ...BYTES,
        // Within an object nothing is.
        ...(came ? [] : ['junk']),
        'half-close',
        'vanish',
        'the daemon drains',
        'FIRST_BYTE_LIMIT passes',
        'SILENCE_LIMIT passes',
        'REQUEST_LIMIT passes',
      ];
    case 'doubting':
      return ['LAST_LOOK passes'];
    case 'looking':
      return ['allowed', 'forbidden'];
    case 'asked':
      return ['on record', 'refused', 'vanish'];
    case 'answered':
      return early ? ['sent', 'a good request', 'vanish', 'REPLY_PATIENCE passes'] : ['sent'];
    case 'gone':
      return [];
  }
}

function isDoable({ start, events }: Path): boolean {
  // A second signal ends the daemon at once.
  if (events.filter((event) => event === 'the daemon drains').length > 1) return false;
  return events.every((event, index) => doable(expectedOf(start, events.slice(0, index))).includes(event));
}

/** What would come to the same without anybody's doing is walked once, as far as the paths lead. Those come first that
 * leave their daemon to the next. */
export function doablePaths(): Path[] {
  const found = new Map<string, Path>();
  for (const path of pathsOf(connectionVocabulary).filter(isDoable)) {
    const key = [path.start, ...leftAlone(path.start, path.events)].join(' → ');
    const known = found.get(key);
    if (!known || known.events.length < path.events.length) found.set(key, path);
  }
  const rank = ({ events }: Path) => (events.includes('the daemon drains') ? 0 : 100) + events.length;
  return [...found.values()].sort((one, other) => rank(other) - rank(one));
}
