import { type ActorRefFrom, type AnyActorLogic, type AnyActorRef, createActor, type InputFrom } from 'xstate';
import { noted } from './activity.ts';

/** What XState tells a parent about a child that ended. */
export interface ChildEnded {
  readonly type: `xstate.done.actor.${string}` | `xstate.error.actor.${string}`;
  readonly actorId: string;
  readonly output?: unknown;
  readonly error?: unknown;
}

export function isChildEnded(event: { type: string }): event is ChildEnded {
  return event.type.startsWith('xstate.done.actor.') || event.type.startsWith('xstate.error.actor.');
}

/** By supervisor: XState does not know them as its children. */
const POOLS = new WeakMap<AnyActorRef, Iterable<AnyActorRef> & { readonly size: number }>();

/** The live children of an actor that keeps a pool. */
export function pooled(supervisor: AnyActorRef): Iterable<AnyActorRef> & { readonly size: number } {
  return POOLS.get(supervisor) ?? new Set<AnyActorRef>();
}

/** The live children of a supervisor. They stand here and not in a machine's `children`, since a machine copies
 * that map with every transition; and their ids are reused, since XState remembers each id that it has seen. */
export class ActorPool<L extends AnyActorLogic> {
  readonly #logic: L;
  readonly #prefix: string;
  readonly #parent: AnyActorRef;
  readonly #live = new Map<string, ActorRefFrom<L>>();
  readonly #free: string[] = [];
  #made = 0;

  constructor(logic: L, prefix: string, parent: AnyActorRef) {
    this.#logic = noted(logic);
    this.#prefix = prefix;
    this.#parent = parent;
    POOLS.set(parent, this as unknown as Iterable<AnyActorRef> & { readonly size: number });
  }

  get size(): number {
    return this.#live.size;
  }

  get(slot: string): ActorRefFrom<L> | undefined {
    return this.#live.get(slot);
  }

  [Symbol.iterator](): IterableIterator<ActorRefFrom<L>> {
    return this.#live.values();
  }

  start(inputFor: (slot: string) => InputFrom<L>): ActorRefFrom<L> {
    const slot = this.#free.pop() ?? `${this.#prefix}-${this.#made++}`;
    const options = { id: slot, parent: this.#parent, input: inputFor(slot) };
    const actor = createActor(this.#logic, options as never) as ActorRefFrom<L>;
    this.#live.set(slot, actor);
    (actor as AnyActorRef).start();
    return actor;
  }

  /** Forgets a child that ended; returns it. */
  end(slot: string): ActorRefFrom<L> | undefined {
    const actor = this.#live.get(slot);
    if (this.#live.delete(slot)) this.#free.push(slot);
    return actor;
  }
}
