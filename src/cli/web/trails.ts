/** The paths that the machines took, from the events of the daemon: while a tab is visible, and up to a maximum count. */
import type { ActorView } from '../../actors/admin/actor-tree.ts';

export const MACHINES = ['daemon', 'process', 'connection'] as const;
export type MachineName = (typeof MACHINES)[number];

export interface TrailStep {
  readonly at: string;
  readonly state: string;
  /** That led there. */
  readonly event: string;
}

export interface Trail {
  readonly machine: MachineName;
  readonly steps: readonly TrailStep[];
  /** Whether it was watched from its beginning on, without a gap. */
  readonly whole: boolean;
}

/** A line of /events. */
export interface EventLine {
  readonly at?: string;
  readonly kind?: string;
  readonly actor?: string;
  readonly event?: string;
  readonly state?: string;
  readonly command_id?: string;
  readonly connection_id?: string;
  readonly lost?: number;
}

interface Growing extends Trail {
  steps: TrailStep[];
  whole: boolean;
}

const MAX_TRAILS = 500;
/** A cleanup passes the same states once for each batch of its directories. */
const MAX_STEPS = 200;
const BEGIN = 'xstate.init';

export class Trails {
  /** By the id of the actor, which the next one will have, too. */
  readonly #living = new Map<string, Growing>();
  /** By what the actor is there for; the oldest first. */
  readonly #known = new Map<string, Growing>();
  #since = '';

  /** Of a command, a connection, or the daemon. */
  of(key: string): Trail | undefined {
    return this.#known.get(key);
  }

  add(line: EventLine): void {
    const { at = '', kind, actor = '', event = '', state = '' } = line;
    if (line.lost !== undefined) return this.#doubt();
    const machine = machineOf(actor);
    // Earlier events are already part of the initial state.
    if (!machine || at < this.#since) return;
    const begins = kind === 'state' && event === BEGIN;
    let trail = begins ? undefined : this.#living.get(actor);
    if (!trail) {
      trail = { machine, steps: [], whole: begins };
      this.#living.set(actor, trail);
    }
    if (kind === 'state') grow(trail, { at, state, event });
    const key = keyOf(machine, line);
    if (key !== undefined && this.#known.get(key) !== trail) this.#keep(key, trail);
    if (kind === 'end') this.#living.delete(actor);
  }

  /** Those that live when the looking begins are in some state already. */
  begin(root: ActorView, at: string): void {
    this.#living.clear();
    this.#since = at;
    for (const actor of [root, ...root.children.flatMap(({ children }) => children)]) {
      const { id, state, last_event } = actor;
      const machine = machineOf(id);
      if (!machine) continue;
      const trail: Growing = { machine, steps: [], whole: false };
      grow(trail, { at, state, event: last_event?.type ?? '' });
      this.#living.set(id, trail);
      const key = keyOf(machine, actor);
      if (key !== undefined) this.#keep(key, trail);
    }
  }

  #keep(key: string, trail: Growing): void {
    this.#known.delete(key);
    this.#known.set(key, trail);
    const [oldest] = this.#known.keys();
    if (this.#known.size > MAX_TRAILS && oldest !== undefined) this.#known.delete(oldest);
  }

  #doubt(): void {
    for (const trail of this.#living.values()) trail.whole = false;
  }
}

function grow(trail: Growing, step: TrailStep): void {
  // An event that does not leave the state is no step.
  if (trail.steps.at(-1)?.state === step.state) return;
  trail.steps.push(step);
  if (trail.steps.length <= MAX_STEPS) return;
  trail.steps.shift();
  trail.whole = false;
}

export function machineOf(actor: string): MachineName | undefined {
  return MACHINES.find((name) => actor === name || new RegExp(`^${name}-\\d+$`).test(actor));
}

function keyOf(
  machine: MachineName,
  ids: Pick<EventLine, 'command_id' | 'connection_id'>,
): string | undefined {
  if (machine === 'daemon') return 'daemon';
  return machine === 'process' ? ids.command_id : ids.connection_id;
}
