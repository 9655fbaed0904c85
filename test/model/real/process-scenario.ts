/** What has to be arranged so that a real command goes the way of a path. */
import type { Path } from '../driver/paths.ts';
import { type Expected, expectedOf } from '../oracles/process.ts';

type Stage = Expected['stage'];

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

/** What the words of a path ask for. */
export interface Wanted {
  /** Undefined where no command is made of such parts. */
  readonly kind: Kind | undefined;
  readonly faults: readonly string[];
  readonly failing: readonly number[];
  readonly held: boolean;
}

export const stagesOf = ({ start, events }: Path): Stage[] =>
  events.map((_, index) => expectedOf(start, events.slice(0, index)).stage);

export function wantedBy({ events }: Path, stages: readonly string[]): Wanted {
  const parts = events.filter((_, index) => stages[index] === 'preparing').join(' → ');
  const exits = events.filter((event) => event.startsWith('exit'));
  return {
    kind: KINDS[parts],
    faults: events.flatMap((event, index) => FAULTS[`${stages[index]} → ${event}`] ?? []),
    failing: exits.flatMap((exit, index) => (exit === 'exit 1' ? [index] : [])),
    held: events.some((event, index) => isHeldBy(event, stages[index])),
  };
}

const isHeldBy = (event: string, stage: string | undefined) =>
  event === 'a child lives' || (event === 'the daemon drains' && /executing|watching/.test(stage ?? ''));

/** Of a path that nothing speaks against. */
export function scenarioOf(path: Path): Scenario {
  const { start, events } = path;
  const stages = stagesOf(path);
  const { kind, faults, failing, held } = wantedBy(path, stages);
  const left = start.startsWith('left running');
  return {
    kind: events.includes('cannot be made to last') ? 'update' : (kind as Kind),
    failing,
    locked: stages[0] === 'promising' && events[0] === 'cannot be written',
    fault: faults[0],
    killedAt: start === 'asked' ? undefined : killedAt(left, held, events),
    held,
    occupied: stages[events.indexOf('the daemon drains')] === 'waiting',
    childDies: !events.includes('in place'),
  };
}

function killedAt(left: boolean, held: boolean, events: readonly string[]): string {
  if (held) return 'held';
  if (!left) return 'accept.committed kill';
  return events.includes('in place') ? 'child.exited kill' : 'start.committed kill';
}
