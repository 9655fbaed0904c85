/** The arrangements that make a real command take a path. */
import type { Path } from '../driver/paths.ts';
import { type Expected, expectedOf } from '../oracles/process.ts';

type Stage = Expected['stage'];

/** `deletion`: one directory. `many`: more directories than one `rm` gets. `absent`: so many missing directories that
 * the daemon searches in two parts. `nothing`: no directory. `update`: the cron file. */
export type Kind = 'deletion' | 'many' | 'absent' | 'nothing' | 'update';

export interface Scenario {
  readonly kind: Kind;
  /** The numbers of its children whose exit code must not be 0. */
  readonly failing: readonly number[];
  /** Whether the database is locked when the request arrives. */
  readonly locked: boolean;
  /** Where the daemon meets a fault. Of a command that was left behind, it is the daemon that takes it over. */
  readonly fault: string | undefined;
  /** Where the previous daemon was killed; `held`: while its child was at work. */
  readonly killedAt: string | undefined;
  /** Its child is held in the middle of its work. */
  readonly held: boolean;
  /** Another command holds the only place. */
  readonly occupied: boolean;
  /** Whether the child that was left behind dies by itself. */
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

/** The requirements of the events of a path. */
export interface Wanted {
  /** Undefined if no command has such parts. */
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

/** Returns the scenario of a path that can be walked. */
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
