/** Chooses the paths that a client, the kernel and an operator can cause with a real daemon. */
import { type Path, pathsOf } from '../driver/paths.ts';
import { expectedOf, leftAlone } from '../oracles/connection.ts';
import { connectionVocabulary } from '../vocabularies/connection.ts';
import { CALLBACK, type Choice, choose, inStages, type Reason, TWO_DRAINS } from './left-out.ts';

const DECIDED = ['a good request', 'broken JSON', 'an unknown command', 'junk', 'too much'];
const SENT = ['a piece', ...DECIDED];
const BY_CLIENT = [...SENT, 'half-close', 'vanish'];
const ANSWERS = ['on record', 'refused'];
const READING = ['reading', 'receiving'];

const DRAIN = 'the daemon drains';

export const REASONS: readonly Reason[] = [
  ...inStages(
    [
      [...READING, 'doubting', 'looking', 'asked', 'answered', 'answered early'],
      ['the reader fails'],
      CALLBACK,
    ],
    [['receiving'], ['junk'], 'within an object nothing is'],
    [
      READING,
      ['no room'],
      'one client has room for the largest request; test/attack/memory.test.ts has many',
    ],
    [['doubting'], [...BY_CLIENT, DRAIN, 'no room'], 'it lasts for 10 ms: nobody can aim at it'],
    [['looking'], ['the look fails'], 'what a disk may answer is all known to the actor'],
    [['looking'], ANSWERS, 'nobody was asked yet'],
    [
      ['answered'],
      [...BY_CLIENT, DRAIN, 'REPLY_PATIENCE passes'],
      'the reply is with the kernel in the same turn',
    ],
    [['answered'], ANSWERS, 'a command is answered once'],
    [['answered', 'answered early'], ['sent to nobody'], 'who has left is noticed before'],
  ),
  {
    what: 'looking → (anything but its end) and then its end',
    why: 'the look lasts only where the disk hangs, and then for ever',
    concerns: (path, stages) => isBusy(path, stages) && !isHung(path),
  },
  TWO_DRAINS,
  {
    what: 'more of a client who has closed his side',
    why: 'he can only leave',
    concerns: ({ events }) => {
      const later = events.slice(events.indexOf('half-close') + 1);
      return events.includes('half-close') && later.some((event) => MORE.includes(event));
    },
  },
  {
    what: 'something before a reply cannot be sent',
    why: 'that is known at once',
    concerns: ({ events }, stages) => /answered/.test(stages[events.indexOf('cannot be sent') - 1] ?? ''),
  },
  {
    what: 'a look that hangs, and a reply that cannot be sent',
    why: 'a daemon meets one fault',
    concerns: (path) => isHung(path) && path.events.includes('cannot be sent'),
  },
];

const MORE = [...SENT, 'half-close', 'REPLY_PATIENCE passes'];

const isBusy = ({ events }: Path, stages: readonly string[]) =>
  stages.some(
    (stage, index) => stage === 'looking' && [...BY_CLIENT, DRAIN].includes(events[index] as string),
  );

/** Whether the disk must never answer, so that the path check lasts until its limit. Otherwise a client that vanishes
 * during the check would have a row. */
export function isHung({ start, events }: Path): boolean {
  if (events.includes('CHECK_LIMIT passes')) return true;
  const left = events.indexOf('vanish');
  return left !== -1 && expectedOf(start, events.slice(0, left)).stage === 'looking';
}

/** Returns the stage of the oracle, refined for the two stages in which more than that decides about the possible
 * events. */
export function stageBefore({ start, events }: Path, index: number): string {
  const { stage, came, early } = expectedOf(start, events.slice(0, index));
  if (stage === 'reading' && came) return 'receiving';
  return stage === 'answered' && early ? 'answered early' : stage;
}

/** Paths that leave their daemon to the next path come first. */
export function chooseConnectionPaths(): Choice {
  const choice = choose(
    pathsOf(connectionVocabulary),
    REASONS,
    (path) => path.events.map((_, index) => stageBefore(path, index)),
    ({ start, events }) => leftAlone(start, events),
  );
  const drains = ({ events }: Path) => Number(events.includes(DRAIN));
  return { ...choice, paths: [...choice.paths].sort((one, other) => drains(one) - drains(other)) };
}
