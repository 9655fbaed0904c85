/** Chooses the paths of a command that can be caused with a real daemon. */
import { type Path, pathsOf } from '../driver/paths.ts';
import { leftAlone } from '../oracles/process.ts';
import { processVocabulary } from '../vocabularies/process.ts';
import { CALLBACK, type Choice, choose, inStages, type Reason, TWO_DRAINS } from './left-out.ts';
import { stagesOf, type Wanted, wantedBy } from './process-scenario.ts';

const QUICK = 'it lasts for a write or a turn of the loop: nobody can aim at it';
const DRAIN = 'the daemon drains';

const wants =
  (concerns: (path: Path, wanted: Wanted) => boolean): Reason['concerns'] =>
  (path, stages) =>
    concerns(path, wantedBy(path, stages));

export const REASONS: readonly Reason[] = [
  ...inStages(
    [
      ['promising', 'taking over', 'starting', 'preparing', 'finishing', 'inspecting', 'settling'],
      [DRAIN],
      QUICK,
    ],
    [['executing'], ['the runner fails'], CALLBACK],
    [['watching'], ['the watch fails'], CALLBACK],
  ),
  TWO_DRAINS,
  {
    what: 'two faults',
    why: 'a daemon meets one',
    concerns: wants((_, { faults }) => faults.length > 1),
  },
  {
    what: 'two pids of a child',
    why: 'it has one',
    concerns: ({ events }) =>
      events.some((event, index) => event === 'the pid' && events[index + 1] === event),
  },
  {
    what: 'parts of several kinds',
    why: 'no command of these is made of folders that are there and folders that are not',
    concerns: wants((_, { kind }) => kind === undefined),
  },
  {
    what: 'a child that cannot be started after another',
    why: 'a fault is met at the first',
    concerns: ({ events }) =>
      events.includes('cannot be started') && events.some((event) => /^exit/.test(event)),
  },
  {
    what: 'a child that cannot be started, and one that is held or has a pid',
    why: 'there is none',
    concerns: wants(
      ({ events }, { held }) => events.includes('cannot be started') && (held || events.includes('the pid')),
    ),
  },
  {
    what: 'what cannot be made to last, of children that failed, of many or of what was left running',
    why: 'it is the rename of an update: one part, made anew, whose child does not fail',
    concerns: wants(
      ({ start, events }, { kind, failing }) =>
        events.includes('cannot be made to last') &&
        (kind !== 'deletion' || failing.length > 0 || start.startsWith('left running')),
    ),
  },
  {
    what: 'a child that is held, and fails, is one of many or was left pending',
    why: 'it is the one `rm` of a deletion that the driver has asked for itself',
    concerns: wants(
      ({ start, events }, { kind, failing, held }) =>
        held &&
        (kind !== 'deletion' ||
          failing.length > 0 ||
          start.startsWith('left pending') ||
          events.includes('cannot be made to last')),
    ),
  },
];

/** Every child has a pid, so reporting it makes no different end. */
export const chooseProcessPaths = (): Choice =>
  choose(pathsOf(processVocabulary), REASONS, stagesOf, ({ start, events }) =>
    leftAlone(start, events).filter((event) => event !== 'the pid'),
  );
