/** What has to be arranged so that a real daemon goes the way of a path; undefined where nobody outside can. */
import type { Path } from '../driver/paths.ts';
import { type Expected, expectedOf, leftAlone } from '../oracles/daemon.ts';

type Stage = Expected['stage'];

export interface DaemonScenario {
  readonly config:
    | 'good'
    | 'no place for the socket'
    | 'no place for the admin socket'
    | 'no place for operators';
  /** What is in the place of the socket, or of the database. */
  readonly before: 'nothing' | 'a socket that answers' | 'a broken database';
  /** The stages that last until the subject goes on. */
  readonly held: readonly Stage[];
  /** How much faster its clocks run, so that long limits can be waited for. */
  readonly hurry: number;
}

/** Missing: what lasts too short to be met, and what only a fault inside brings. */
const DOABLE: Readonly<Record<Stage, readonly string[]>> = {
  checking: ['the socket is free', 'another daemon answers'],
  opening: ['the store opens', 'the store is broken'],
  recovering: [
    'all that is left is read',
    'all is recovered',
    'a signal',
    'a hangup',
    'operators cannot look',
    'RECOVERY_LIMIT passes',
  ],
  binding: ['bound', 'cannot bind'],
  listening: ['a signal', 'a hangup'],
  closing: ['the backlog is empty', 'a signal', 'CLOSING_LIMIT passes'],
  answering: ['all clients are answered', 'a signal', 'a hangup', 'CONNECTIONS_LIMIT passes'],
  finishing: ['all children have ended', 'a signal', 'a hangup', 'CHILDREN_LIMIT passes'],
  flushing: ['flushed', 'a signal', 'a hangup', 'FLUSH_LIMIT passes'],
  over: [],
};

/** By the limit that is waited for; each is then about a second. */
const HURRY: Readonly<Record<string, number>> = {
  'RECOVERY_LIMIT passes': 200,
  'CLOSING_LIMIT passes': 1,
  'CONNECTIONS_LIMIT passes': 10,
  'CHILDREN_LIMIT passes': 40,
  'FLUSH_LIMIT passes': 10,
};

const HOLDING = ['a signal', 'a hangup', ...Object.keys(HURRY)];
const HOLDABLE: readonly Stage[] = ['recovering', 'closing', 'answering', 'finishing', 'flushing'];

export function daemonScenarioOf({ start, events }: Path): DaemonScenario | undefined {
  const stages = events.map((_, index) => expectedOf(start, events.slice(0, index)).stage);
  if (!events.every((event, index) => DOABLE[stages[index] as Stage].includes(event))) return undefined;
  const held = stages.filter((stage, index) => {
    return HOLDABLE.includes(stage) && HOLDING.includes(events[index] as string);
  });
  const hurries = events.filter((event) => event in HURRY);
  if (new Set(held).size > 1 || hurries.length > 1) return undefined;
  const has = (event: string) => events.includes(event);
  return {
    config: has('cannot bind') ? 'no place for the socket' : placesOf(events),
    before: has('another daemon answers')
      ? 'a socket that answers'
      : has('the store is broken')
        ? 'a broken database'
        : 'nothing',
    held: [...new Set(held)],
    hurry: HURRY[hurries[0] ?? ''] ?? 1,
  };
}

/** They have two, the admin socket and the port of the metrics, and each can fail. */
function placesOf(events: readonly string[]): DaemonScenario['config'] {
  switch (events.filter((event) => event === 'operators cannot look').length) {
    case 0:
      return 'good';
    case 1:
      return 'no place for the admin socket';
    default:
      return 'no place for operators';
  }
}

/** Of paths that come to the same by themselves the longest; long ones first, since they walk much. */
export function doableDaemonPaths(paths: readonly Path[]): Path[] {
  const found = new Map<string, Path>();
  for (const path of paths) {
    const scenario = daemonScenarioOf(path);
    // Who cannot look in cannot tell where it stands.
    if (!scenario || (scenario.config !== 'good' && scenario.held.length > 0)) continue;
    const key = leftAlone(path.start, path.events).join(' → ');
    const known = found.get(key);
    if (!known || known.events.length < path.events.length) found.set(key, path);
  }
  return [...found.values()].sort((one, other) => other.events.length - one.events.length);
}
