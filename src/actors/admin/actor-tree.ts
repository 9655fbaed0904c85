/** The living actors as an operator sees them: their names and states, without payloads. */
import type { AnyActorRef, AnyMachineSnapshot } from 'xstate';
import { noteOf } from '../shared/activity.ts';
import { pooled } from '../shared/actor-pool.ts';

export interface ActorView {
  readonly id: string;
  readonly state: string;
  readonly age_ms?: number;
  readonly last_event?: { readonly type: string; readonly ms_ago: number };
  readonly connection_id?: string;
  readonly command_id?: string;
  readonly type?: string;
  readonly children: readonly ActorView[];
  /** Children that are not shown. */
  readonly left?: number;
}

/** The ids that what an actor does belongs to. */
export interface Belonging {
  readonly connection_id?: string;
  readonly command_id?: string;
  readonly type?: string;
}

/** The parts of a machine's context that the ids are read from. The contexts of other machines lack them. */
interface Carried {
  readonly id?: string;
  readonly socket?: unknown;
  readonly reply?: { readonly id?: string };
  readonly commandId?: string;
  readonly connectionId?: string;
  readonly plan?: { readonly type: string };
}

/** Of one supervisor. */
const MAX_CHILDREN = 1_000;

/** An id, or the name of its logic where a machine made the id up. */
export function nameOf({ id, src }: AnyActorRef): string {
  return /^(\d+\.|x:)/.test(id) && typeof src === 'string' ? src : id;
}

export function stateOf(actor: Pick<AnyActorRef, 'getSnapshot'>): string {
  const { status, value } = actor.getSnapshot() as AnyMachineSnapshot;
  return value === undefined ? status : flatten(value);
}

function flatten(value: unknown): string {
  if (typeof value === 'string') return value;
  const [state, inner] = Object.entries(value as object)[0] as [string, unknown];
  return `${state}.${flatten(inner)}`;
}

/** Of the actor itself, not of those that it is part of. */
export function belongingOf(actor: AnyActorRef): Belonging {
  const { context } = actor.getSnapshot() as { context?: Carried };
  if (!context) return {};
  if (context.commandId !== undefined) {
    const { commandId: command_id, connectionId: connection_id = '', plan } = context;
    return { connection_id, command_id, ...(plan ? { type: plan.type } : {}) };
  }
  if (context.socket === undefined || context.id === undefined) return {};
  const { id: connection_id, reply } = context;
  return { connection_id, ...(reply?.id === undefined ? {} : { command_id: reply.id }) };
}

export function viewOf(actor: AnyActorRef, now = Date.now()): ActorView {
  const note = noteOf(actor);
  const pool = pooled(actor);
  const { children: invoked = {} } = actor.getSnapshot() as Partial<AnyMachineSnapshot>;
  const all = [...Object.values(invoked), ...pool] as AnyActorRef[];
  const children = all.slice(0, MAX_CHILDREN).map((child) => viewOf(child, now));
  const left = all.length - children.length;
  return {
    id: nameOf(actor),
    state: stateOf(actor),
    ...(note ? { age_ms: now - note.since } : {}),
    ...(note?.lastEvent ? { last_event: { type: note.lastEvent, ms_ago: now - note.lastEventAt } } : {}),
    ...belongingOf(actor),
    children,
    ...(left > 0 ? { left } : {}),
  };
}
