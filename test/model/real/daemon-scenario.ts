/** The arrangements that make a real daemon take a path. */
import type { Path } from '../driver/paths.ts';
import { type Expected, expectedOf } from '../oracles/daemon.ts';

export type Stage = Expected['stage'];

export interface DaemonScenario {
  readonly config:
    | 'good'
    | 'no place for the socket'
    | 'no place for the admin socket'
    | 'no place for operators';
  /** The existing entry at the path of the socket or of the database. */
  readonly before: 'nothing' | 'a socket that answers' | 'a broken database';
  /** The stages that last until the subject continues. */
  readonly held: readonly Stage[];
  /** The factor by which the clocks run faster, so that long limits can be waited for. */
  readonly hurry: number;
}

/** By the limit that is waited for. Each then lasts some seconds, in which the state that it ends has to be observed.
 * The limits of clients last no longer than clients can keep sending, that of the flush no longer than a write is
 * kept. */
const HURRY: Readonly<Record<string, number>> = {
  'RECOVERY_LIMIT passes': 60,
  'CLOSING_LIMIT passes': 1,
  'CONNECTIONS_LIMIT passes': 10,
  'CHILDREN_LIMIT passes': 11,
  'FLUSH_LIMIT passes': 5,
};

const HOLDING = ['a signal', 'a hangup', ...Object.keys(HURRY)];
const HOLDABLE: readonly Stage[] = ['recovering', 'closing', 'answering', 'finishing', 'flushing'];

/** Returns the scenario of a path that can be walked. */
export function daemonScenarioOf(path: Path): DaemonScenario {
  const { events } = path;
  const has = (event: string) => events.includes(event);
  return {
    config: has('cannot bind') ? 'no place for the socket' : placesOf(events),
    before: has('another daemon answers')
      ? 'a socket that answers'
      : has('the store is broken')
        ? 'a broken database'
        : 'nothing',
    held: heldIn(path),
    hurry: HURRY[limitsIn(path)[0] ?? ''] ?? 1,
  };
}

export const stagesOf = ({ start, events }: Path): Stage[] =>
  events.map((_, index) => expectedOf(start, events.slice(0, index)).stage);

export function heldIn(path: Path): readonly Stage[] {
  const stages = stagesOf(path);
  const held = stages.filter(
    (stage, index) => HOLDABLE.includes(stage) && HOLDING.includes(path.events[index] as string),
  );
  return [...new Set(held)];
}

export const limitsIn = ({ events }: Path): readonly string[] => events.filter((event) => event in HURRY);

/** Operators have two places, the admin socket and the metrics port, and each can fail. */
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
