/** XState's inspection events as lines for operators: emitted only while a client reads them, and without payloads. */
import type { AnyActorRef, InspectionEvent, Subscription } from 'xstate';
import { type Belonging, belongingOf, nameOf, stateOf } from './actor-tree.ts';

export interface Look {
  /** Its own events and those of its children. */
  readonly actor?: string | undefined;
  readonly commandId?: string | undefined;
  readonly write: (line: string) => void;
}

interface Seen extends Belonging {
  readonly at: string;
  /** `actor`: it was started; `event`: it received one; `state`: its state has changed; `end`: it has ended. */
  readonly kind: 'actor' | 'event' | 'state' | 'end';
  readonly actor: string;
  readonly event?: string;
  readonly from?: string;
  readonly state?: string;
}

export class Inspection {
  readonly #root: AnyActorRef;
  readonly #looks = new Set<Look>();
  #subscription: Subscription | undefined;

  constructor(root: AnyActorRef) {
    this.#root = root;
  }

  get readers(): number {
    return this.#looks.size;
  }

  /** Tells what happens from now on; returns how to stop. */
  add(look: Look): () => void {
    this.#looks.add(look);
    this.#subscription ??= this.#root.system.inspect((event) => this.#tell(event));
    return () => {
      this.#looks.delete(look);
      if (this.#looks.size > 0) return;
      this.#subscription?.unsubscribe();
      this.#subscription = undefined;
    };
  }

  /** An exception here would end the daemon, so an event that cannot be described is left out. */
  #tell(event: InspectionEvent): void {
    try {
      const told = describe(event);
      if (!told) return;
      const family = familyOf(event.actorRef as AnyActorRef);
      const ids = idsOf(family);
      const names = family.map(nameOf);
      let line: string | undefined;
      for (const { actor, commandId, write } of this.#looks) {
        if (actor !== undefined && !names.includes(actor)) continue;
        if (commandId !== undefined && ids.command_id !== commandId) continue;
        line ??= JSON.stringify({ at: new Date().toISOString(), ...told, ...ids } satisfies Seen);
        write(line);
      }
    } catch {
      // See above.
    }
  }
}

function describe(inspected: InspectionEvent): Omit<Seen, 'at'> | undefined {
  const ref = inspected.actorRef as AnyActorRef;
  const actor = nameOf(ref);
  switch (inspected.type) {
    case '@xstate.actor': {
      const parent = ref._parent;
      return { kind: 'actor', actor, ...(parent ? { from: nameOf(parent) } : {}) };
    }
    case '@xstate.event': {
      const { sourceRef, event } = inspected;
      return {
        kind: 'event',
        actor,
        event: event.type,
        ...(sourceRef ? { from: nameOf(sourceRef as AnyActorRef) } : {}),
      };
    }
    case '@xstate.microstep':
      return { kind: 'state', actor, event: inspected.event.type, state: stateOf(snapshotOf(inspected)) };
    case '@xstate.snapshot': {
      const { status } = inspected.snapshot;
      return status === 'active'
        ? undefined
        : { kind: 'end', actor, event: inspected.event.type, state: status };
    }
    default:
      return undefined;
  }
}

/** XState reports a step before the actor has its new snapshot. */
function snapshotOf({ snapshot }: { readonly snapshot: unknown }): AnyActorRef {
  return { getSnapshot: () => snapshot } as AnyActorRef;
}

/** Returns the actor, its parent, and so on. */
function familyOf(actor: AnyActorRef): AnyActorRef[] {
  const family: AnyActorRef[] = [];
  for (let one: AnyActorRef | undefined = actor; one; one = one._parent) family.push(one);
  return family;
}

/** Of the nearest that has any. One that is only being made has no snapshot. */
function idsOf(family: readonly AnyActorRef[]): Belonging {
  for (const actor of family) {
    try {
      const ids = belongingOf(actor);
      if (ids.connection_id !== undefined) return ids;
    } catch {
      // Its parent may have one.
    }
  }
  return {};
}
