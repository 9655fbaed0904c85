/** Chooses the paths that an operator, the disk and clients can cause with a real daemon. */
import { type Path, pathsOf } from '../driver/paths.ts';
import { leftAlone } from '../oracles/daemon.ts';
import { daemonVocabulary } from '../vocabularies/daemon.ts';
import { daemonScenarioOf, heldIn, limitsIn, type Stage, stagesOf } from './daemon-scenario.ts';
import { CALLBACK, type Choice, choose, inStages, type Reason } from './left-out.ts';

const STARTING = ['checking', 'opening'];
const OPEN = ['binding', 'listening', 'closing'];
const DRAINING = ['answering', 'finishing', 'flushing'];
const SERVING = ['recovering', ...OPEN, ...DRAINING];

const VITAL = ['the queue handler fails', 'the processes fail', 'the connections fail'];
const QUICK = 'it lasts for a turn of the loop: nobody can aim at it';
const UNASKED = 'it is the answer to what nobody has asked yet, or not again';

export const REASONS: readonly Reason[] = [
  ...inStages(
    [SERVING, [...VITAL, 'the admin part fails'], CALLBACK],
    [OPEN, ['the listener fails'], CALLBACK],
    [[...STARTING, ...SERVING], ['the watchdog asks'], 'it asks all the time: nobody can say when'],
    [[...STARTING, 'binding'], ['a signal', 'a hangup'], QUICK],
    [
      ['closing'],
      ['a hangup'],
      'a hangup is seen by its new log, and who is frozen to be held there opens none',
    ],
    [['recovering'], ['nothing can be read'], 'reading waits for a database in trouble'],
    [['listening'], ['the log is open again'], 'it follows each hangup by itself'],
    [['flushing'], ['cannot be flushed'], 'closing a database does not fail'],
    [[...OPEN, ...DRAINING], ['operators cannot look'], 'their places are taken once, at the start'],
    [[...OPEN, ...DRAINING], ['all is recovered'], UNASKED],
    [['listening', 'closing'], ['cannot bind'], UNASKED],
    [['binding', 'listening'], ['the backlog is empty'], UNASKED],
    [['recovering', ...OPEN, 'finishing', 'flushing'], ['all clients are answered'], UNASKED],
    [['recovering', ...OPEN, 'answering', 'flushing'], ['all children have ended'], UNASKED],
  ),
  {
    what: 'a daemon that is held while it closes, and in another stage',
    why: 'it is frozen, and does nothing that could hold it elsewhere',
    concerns: (path) => holds(path, 'closing') && heldIn(path).length > 1,
  },
  {
    what: 'a daemon that is held before it listens, and by clients or their commands',
    why: 'there are none',
    concerns: (path) => holds(path, 'recovering') && (holds(path, 'answering') || holds(path, 'finishing')),
  },
  {
    what: 'two limits',
    why: 'the clock of a daemon is hurried for one of them',
    concerns: (path) => limitsIn(path).length > 1,
  },
  {
    what: 'another limit, and a flush that is held',
    why: 'the limit of the flush is hurried as well: it may be over before anybody has looked',
    concerns: (path) =>
      holds(path, 'flushing') && limitsIn(path).some((limit) => limit !== 'FLUSH_LIMIT passes'),
  },
  {
    what: 'no place for operators, and a stage that is held',
    why: 'who cannot look in cannot tell where it stands',
    concerns: (path) => daemonScenarioOf(path).config !== 'good' && heldIn(path).length > 0,
  },
];

const holds = (path: Path, stage: Stage) => heldIn(path).includes(stage);

export const chooseDaemonPaths = (): Choice =>
  choose(pathsOf(daemonVocabulary), REASONS, stagesOf, ({ start, events }) => leftAlone(start, events));
