/** What the actors say to each other. */
import type { Socket } from 'node:net';
import type { ActorRef, Snapshot } from 'xstate';
import type { Plan } from '../commands/command.ts';
import type { Subject } from '../io/log/audit.ts';
import type { Peer } from '../io/socket/peer.ts';
import type { Refusal, Reply } from '../io/socket/reply.ts';
import type { Accepted, Outcome, Transition, Unsettled } from '../io/store/records.ts';
import type { Holding } from './fairness/request-budget.ts';

/** Any actor that takes events `E`. */
export type Listener<E extends { type: string }> = ActorRef<Snapshot<unknown>, E>;

/** listener → connections */
export interface ConnectionOpened {
  readonly type: 'connection.opened';
  readonly socket: Socket;
}

/** connection → processes */
export interface ProcessRequested {
  readonly type: 'process.requested';
  readonly plan: Plan;
  /** The text that the plan was made from. */
  readonly request: string;
  readonly at: Date;
  readonly connectionId: string;
  readonly peer: Peer;
  /** The memory that the request takes; handed over with a request that is accepted. */
  readonly holding: Pick<Holding, 'handOver'>;
  readonly client: Listener<Answer>;
}

/** process → connection, after the commit of the row, or when there will be none */
export type Answer =
  | { readonly type: 'process.recorded'; readonly commandId: string }
  | { readonly type: 'process.refused'; readonly refusal: Refusal };

/** process → processes: it is on record and may be started */
export interface ProcessQueued {
  readonly type: 'process.queued';
  readonly slot: string;
  readonly touches: readonly string[];
}

/** process → processes: the last daemon left its child, which lives and is awaited */
export interface ProcessAdopted {
  readonly type: 'process.adopted';
  readonly slot: string;
  readonly touches: readonly string[];
}

/** process → processes: what was recovered has begun, and that is on record */
export interface ProcessBegun {
  readonly type: 'process.begun';
  readonly slot: string;
}

/** process → processes: nothing of it runs any more, its end is being written; the next may have its place and its paths */
export interface ProcessYielded {
  readonly type: 'process.yielded';
  readonly slot: string;
}

export type ProcessReport = ProcessQueued | ProcessAdopted | ProcessBegun | ProcessYielded;

/** processes → process */
export type ProcessOrder = { readonly type: 'process.admitted' } | { readonly type: 'daemon.draining' };

/** process → queue handler, after the commit of the transition */
export interface ProcessTransitioned {
  readonly type: 'process.transitioned';
  readonly transition: Transition;
  readonly accepted: Accepted;
  readonly warnings: readonly string[];
  readonly startedAt: Date;
  /** Undefined until it ended. */
  readonly outcome: Outcome | undefined;
}

/** connections → queue handler. Without bytes it was a client that came and left. */
export interface ConnectionEnded {
  readonly type: 'connection.ended';
  readonly id: string;
  readonly peer: Peer;
  /** The command and what it is about, as far as they were understood; bounded. */
  readonly cmd: string | undefined;
  readonly subject: Subject;
  /** When the request was complete, if it ever was. */
  readonly completeAt: Date | undefined;
  readonly bytes: number;
  /** The request, once it was complete. */
  readonly text: Buffer | undefined;
  readonly reply: Reply | undefined;
  /** Whether the client was still there to take it. */
  readonly delivered: boolean;
}

/** admin → queue handler: a dry run of a request was made; nothing was carried out */
export interface CommandRehearsed {
  readonly type: 'command.rehearsed';
  /** As far as it was understood. */
  readonly cmd: string | undefined;
  /** Of the reply that a client would have got. */
  readonly code: Reply['code'];
}

/** connections → queue handler: a client without a connection machine was refused */
export interface ClientRefused {
  readonly type: 'client.refused';
  readonly refusal: Refusal;
}

/** a supervisor → queue handler: an actor failed; it alone ended */
export interface ActorFailed {
  readonly type: 'actor.failed';
  readonly id: string;
  readonly error: unknown;
}

/** daemon → processes: take over what the last daemon left, report when that is done */
export interface ProcessesRecover {
  readonly type: 'processes.recover';
  readonly unsettled: readonly Unsettled[];
}

/** processes → daemon: what had to be decided is, the rest waits or is awaited */
export interface ProcessesRecovered {
  readonly type: 'processes.recovered';
}

/** daemon → supervisors: take nothing new, report when nothing is left */
export interface SupervisorDrain {
  readonly type: 'supervisor.drain';
}

/** connections → daemon and queue handler, processes → daemon: each its own, since a late word of one must not pass for the other's */
export interface ConnectionsDrained {
  readonly type: 'connections.drained';
}
export interface ProcessesDrained {
  readonly type: 'processes.drained';
}
