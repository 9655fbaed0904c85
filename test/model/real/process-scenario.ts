/** What has to be arranged so that a real command goes the way of a path; undefined where nobody outside can. */
import type { Path } from '../driver/paths.ts';
import { type Expected, expectedOf, leftAlone } from '../oracles/process.ts';

/** `deletion`: of one folder. `many`: of more folders than one `rm` is given. `absent`: of so many that are not there that
 * the daemon looks twice. `nothing`: of none. `update`: of the cron file. */
export type Kind = 'deletion' | 'many' | 'absent' | 'nothing' | 'update';

export interface Scenario {
  readonly kind: Kind;
  /** The exit codes of its children that shall not be 0, by number. */
  readonly failing: readonly number[];
  /** Whether the database is locked when the request comes. */
  readonly locked: boolean;
  /** Where its daemon meets a fault: the one that takes it over, where another left it. */
  readonly fault: string | undefined;
  /** Where the daemon before was killed; `held`: while its child was at work. */
  readonly killedAt: string | undefined;
  /** Its child is held in the middle of its work. */
  readonly held: boolean;
  /** Another command holds the only place. */
  readonly occupied: boolean;
  /** Whether the child that was left behind dies of its own. */
  readonly childDies: boolean;
}

const FAULTS: Readonly<Record<string, string>> = {
  'taking over → cannot be written': 'recover.committed throw',
  'starting → cannot be written': 'start.committed throw',
  'settling → cannot be written': 'end.committed throw',
  'preparing → cannot be prepared': 'folder.pinned throw',
  'executing → cannot be started': 'child.spawning throw',
  'finishing → cannot be made to last': 'folder.synced throw',
  'inspecting → cannot be inspected': 'effect.inspected throw',
};

/** Missing: what only a fault brings that no fault point stands for, and events that are too quick to be met. */
const DOABLE: Readonly<Partial<Record<Expected['stage'], readonly string[]>>> = {
  promising: ['written', 'cannot be written'],
  'taking over': ['written', 'cannot be written'],
  waiting: ['its turn', 'the daemon drains'],
  starting: ['written', 'cannot be written'],
  preparing: [
    'ready',
    'ready, with more to come',
    'nothing to do',
    'nothing to do, with more to come',
    'cannot be prepared',
  ],
  executing: ['exit 0', 'exit 1', 'cannot be started', 'the daemon drains'],
  finishing: ['made to last', 'cannot be made to last'],
  watching: ['a child lives', 'no child lives'],
  inspecting: ['in place', 'not in place', 'cannot be inspected'],
  settling: ['written', 'cannot be written'],
};

const KINDS: Readonly<Record<string, Kind>> = {
  '': 'deletion',
  ready: 'deletion',
  'cannot be prepared': 'deletion',
  'nothing to do': 'nothing',
  'ready, with more to come': 'many',
  'ready, with more to come → ready': 'many',
  'nothing to do, with more to come': 'absent',
  'nothing to do, with more to come → nothing to do': 'absent',
};

export function scenarioOf({ start, events }: Path): Scenario | undefined {
  const stages = events.map((_, index) => expectedOf(start, events.slice(0, index)).stage);
  if (!events.every((event, index) => DOABLE[stages[index] as Expected['stage']]?.includes(event))) {
    return undefined;
  }
  const parts = events.filter((_, index) => stages[index] === 'preparing').join(' → ');
  const met = events.flatMap((event, index) => FAULTS[`${stages[index]} → ${event}`] ?? []);
  const drained = stages[events.indexOf('the daemon drains')];
  const left = start.startsWith('left running');
  const exits = events.filter((event) => event.startsWith('exit'));
  const update = events.includes('cannot be made to last');
  const known = KINDS[parts];
  if (known === undefined || met.length > 1) return undefined;
  const kind = update ? 'update' : known;
  const held = drained === 'executing' || events.includes('a child lives');
  const failing = exits.flatMap((exit, index) => (exit === 'exit 1' ? [index] : []));
  // A second signal ends the daemon at once, and what has a child was started.
  if (events.filter((event) => event === 'the daemon drains').length > 1) return undefined;
  if (held && events.includes('cannot be started')) return undefined;
  // A fault is met once, at the first child.
  if (events.includes('cannot be started') && exits.length > 0) return undefined;
  // A rename that failed is not made to last; what is held is one deletion, and does not fail.
  if (update && (known !== 'deletion' || left || failing.length > 0)) return undefined;
  if (held && (kind !== 'deletion' || failing.length > 0 || start.startsWith('left pending')))
    return undefined;
  return {
    kind,
    failing,
    locked: stages[0] === 'promising' && events[0] === 'cannot be written',
    fault: met[0],
    killedAt: start === 'asked' ? undefined : killedAt(left, held, events),
    held,
    occupied: drained === 'waiting',
    childDies: !events.includes('in place'),
  };
}

function killedAt(left: boolean, held: boolean, events: readonly string[]): string {
  if (held) return 'held';
  if (!left) return 'accept.committed kill';
  return events.includes('in place') ? 'child.exited kill' : 'start.committed kill';
}

/** Of paths that come to the same by themselves the longest; long ones first, since they walk much. */
export function doablePaths(paths: readonly Path[]): Path[] {
  const found = new Map<string, Path>();
  for (const path of paths.filter(scenarioOf)) {
    const key = [path.start, ...leftAlone(path.start, path.events)].join(' → ');
    const known = found.get(key);
    if (!known || known.events.length < path.events.length) found.set(key, path);
  }
  return [...found.values()].sort((one, other) => other.events.length - one.events.length);
}
