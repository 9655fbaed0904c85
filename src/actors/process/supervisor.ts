import { type AnyActorRef, type AnyMachineSnapshot, type AnyStateMachine, fromCallback } from 'xstate';
import { DaemonError, type ErrorCode } from '../../errors.ts';
import { userOf } from '../../io/socket/peer.ts';
import { type Refusal, refuseFor } from '../../io/socket/reply.ts';
import type { Unsettled } from '../../io/store/records.ts';
import type { Store } from '../../io/store/store.ts';
import { belongingOf } from '../admin/actor-tree.ts';
import { FairShare } from '../fairness/fair-share.ts';
import type { RequestBudget } from '../fairness/request-budget.ts';
import type {
  ActorFailed,
  Listener,
  ProcessesDrained,
  ProcessesRecover,
  ProcessesRecovered,
  ProcessReport,
  ProcessRequested,
  ProcessTransitioned,
  SupervisorDrain,
} from '../messages.ts';
import { ActorPool, type ChildEnded, isChildEnded } from '../shared/actor-pool.ts';
import { Admission, type Outlook } from './admission.ts';
import { Recovery } from './recovery.ts';
import { type Failed, settleFailed } from './settle-failed.ts';

/** A command that a client asks for. */
export interface Asked {
  readonly commandId: string;
  readonly request: ProcessRequested;
}

/** A command that the last daemon left. */
export interface Left {
  readonly recovered: Unsettled;
}

/** The input of a new process actor. */
export interface NewProcess {
  readonly slot: string;
  readonly origin: Asked | Left;
  readonly supervisor: Listener<ProcessReport>;
  readonly observer: Listener<ProcessTransitioned>;
}

export interface ProcessesInput {
  readonly logic: AnyStateMachine;
  readonly maxRunning: number;
  readonly maxPending: number;
  readonly budget: RequestBudget;
  readonly inputFor: (made: NewProcess) => unknown;
  readonly store: Store;
  readonly now: () => Date;
  readonly observer: () => Listener<ProcessTransitioned | ActorFailed>;
}

/** A command that has no end yet. */
interface Open {
  readonly user: number;
  /** Gives back the memory that it holds. */
  readonly release: () => void;
  /** False once it was admitted. */
  waits: boolean;
}

/** The outcome of a command that is requested now. */
export type Forecast = { readonly refusal: Refusal } | { readonly outlook: Outlook };
type Foresee = (touches: readonly string[], user: number) => Forecast;

/** By supervisor. A forecast is no event, since nothing changes. */
const FORECASTS = new WeakMap<AnyActorRef, Foresee>();

/** For a plan of this user that touches these paths; `behind` has the ids of commands. */
export function forecastOf(supervisor: AnyActorRef, touches: readonly string[], user: number): Forecast {
  const foresee = FORECASTS.get(supervisor);
  return foresee ? foresee(touches, user) : refused('SHUTTING_DOWN');
}

const refused = (code: ErrorCode) => ({ refusal: refuseFor(503, new DaemonError(code)) });

type ProcessesEvent = ProcessRequested | ProcessReport | ProcessesRecover | SupervisorDrain | ChildEnded;

/** Spawns one process machine an accepted command, and admits them. They live here and not under the connection
 * that asked: a client that leaves must not take its command with it. */
export const processes = fromCallback<ProcessesEvent, ProcessesInput>(
  ({ input, self, receive, sendBack }) => {
    const { store } = input;
    const tell = sendBack as (event: ProcessesRecovered | ProcessesDrained) => void;
    const pool = new ActorPool(input.logic, 'process', self);
    /** By slot. */
    const open = new Map<string, Open>();
    const pending = new FairShare(input.maxPending);
    const admission = new Admission(input.maxRunning);
    let recovery: Recovery | undefined;
    let draining = false;
    let pumping = false;

    const start = (origin: Asked | Left, user: number, release: () => void): string => {
      const supervisor = self as unknown as Listener<ProcessReport>;
      const observer = input.observer();
      let made = '';
      pool.start((slot) => {
        made = slot;
        return input.inputFor({ slot, origin, supervisor, observer }) as never;
      });
      open.set(made, { user, release, waits: true });
      pending.take(user);
      return made;
    };
    const stopWaiting = (slot: string) => {
      const one = open.get(slot);
      if (!one?.waits) return;
      one.waits = false;
      pending.giveBack(one.user);
    };
    const userIn = (slot: string) => (open.get(slot) as Open).user;
    const commandIn = (slot: string) => belongingOf(pool.get(slot) as AnyActorRef).command_id as string;
    const refusal = (user: number): ErrorCode | undefined => {
      if (draining) return 'SHUTTING_DOWN';
      if (pending.hasRoomFor(user)) return undefined;
      return pending.isFull ? 'QUEUE_FULL' : 'USER_QUEUE_FULL';
    };
    const request = (event: ProcessRequested) => {
      const user = userOf(event.peer);
      const code = refusal(user);
      if (code !== undefined) return event.client.send({ type: 'process.refused', ...refused(code) });
      start({ commandId: crypto.randomUUID(), request: event }, user, event.holding.handOver());
    };
    const takeOver = (recovered: Unsettled): string => {
      const user = userOf(recovered.peer);
      return start({ recovered }, user, input.budget.hold(user, recovered.request.length));
    };
    FORECASTS.set(self, (touches, user) => {
      const code = refusal(user);
      if (code !== undefined) return refused(code);
      const outlook = admission.outlook(touches);
      return { outlook: { ...outlook, behind: outlook.behind.map(commandIn) } };
    });
    const admitNext = (): string | undefined => {
      const slot = admission.next();
      if (slot === undefined) return undefined;
      stopWaiting(slot);
      pool.get(slot)?.send({ type: 'process.admitted' });
      return slot;
    };
    // Where each goes alone, one that has to wait for others is not waited for.
    const passOver = () => {
      if (!recovery?.cautious) return;
      for (const slot of recovery.open) if (admission.mustWait(slot)) recovery.through(slot);
    };
    // A spawn blocks for half a millisecond: one a turn of the loop, so that clients are read in between.
    const pump = () => {
      if (pumping || draining) return;
      pumping = true;
      setImmediate(() => {
        pumping = false;
        if (admitNext() !== undefined) pump();
      });
    };
    // Processes with a free place start. The next daemon takes over the rest from the database.
    const leaveWaiting = () => {
      while (admitNext() !== undefined);
      for (const actor of [...pool]) actor.send({ type: 'daemon.draining' });
    };
    const queue = (slot: string, touches: readonly string[]) => {
      admission.enqueue(slot, touches, userIn(slot));
      if (draining) return leaveWaiting();
      if (!recovery?.cautious) recovery?.through(slot);
      passOver();
      pump();
    };
    const recover = (unsettled: readonly Unsettled[]) => {
      const done = () => tell({ type: 'processes.recovered' });
      const trust = (processIds: readonly number[]) => void store.trust(processIds).catch(() => {});
      recovery = new Recovery(unsettled, { start: takeOver, trust, done });
      recovery.begin();
    };
    const reportDrained = () => {
      if (draining && pool.size === 0) tell({ type: 'processes.drained' });
    };
    const drain = () => {
      draining = true;
      recovery?.stop();
      leaveWaiting();
      reportDrained();
    };
    // The start of the next is then written together with this one's end, behind it: one wait for the disk, not two.
    const passOn = (slot: string) => {
      admission.release(slot);
      pump();
    };
    const ended = (event: ChildEnded) => {
      const actor = pool.end(event.actorId);
      stopWaiting(event.actorId);
      open.get(event.actorId)?.release();
      open.delete(event.actorId);
      admission.release(event.actorId);
      if (event.type.startsWith('xstate.error')) {
        input.observer().send({ type: 'actor.failed', id: event.actorId, error: event.error });
        const context = (actor?.getSnapshot() as AnyMachineSnapshot | undefined)?.context as
          | Failed
          | undefined;
        if (context) settleFailed(context, event.error, input);
      }
      recovery?.through(event.actorId);
      pump();
      reportDrained();
    };

    receive((event) => {
      if (isChildEnded(event)) return ended(event);
      switch (event.type) {
        case 'process.requested':
          return request(event);
        case 'process.queued':
          return queue(event.slot, event.touches);
        case 'process.adopted':
          stopWaiting(event.slot);
          admission.adopt(event.slot, event.touches, userIn(event.slot));
          return recovery?.through(event.slot);
        case 'process.begun':
          return recovery?.through(event.slot);
        case 'process.yielded':
          return passOn(event.slot);
        case 'processes.recover':
          return recover(event.unsettled);
        case 'supervisor.drain':
          return drain();
      }
    });
  },
);
