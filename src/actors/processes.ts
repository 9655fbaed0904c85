import { randomUUID } from 'node:crypto';
import { type AnyMachineSnapshot, type AnyStateMachine, fromCallback } from 'xstate';
import { asDaemonError, DaemonError, type ErrorCode } from '../errors.ts';
import { refuse } from '../io/reply.ts';
import type { Store } from '../io/store.ts';
import { ActorPool, type ChildEnded, isChildEnded } from './actor-pool.ts';
import { Admission } from './admission.ts';
import type {
  ActorFailed,
  Listener,
  ProcessQueued,
  ProcessRequested,
  ProcessTransitioned,
  SupervisorDrain,
  SupervisorDrained,
} from './messages.ts';

/** What a process actor is made with, beside what its command says. */
export interface NewProcess {
  readonly slot: string;
  readonly commandId: string;
  readonly request: ProcessRequested;
  readonly supervisor: Listener<ProcessQueued>;
  readonly observer: Listener<ProcessTransitioned>;
}

export interface ProcessesInput {
  readonly logic: AnyStateMachine;
  readonly maxRunning: number;
  readonly maxPending: number;
  readonly inputFor: (made: NewProcess) => unknown;
  readonly store: Store;
  readonly now: () => Date;
  readonly observer: () => Listener<ProcessTransitioned | ActorFailed>;
}

type ProcessesEvent = ProcessRequested | ProcessQueued | SupervisorDrain | ChildEnded;

/** Spawns one process machine an accepted command, and admits them. They live here and not under the connection
 * that asked: a client that leaves must not take its command with it. */
export const processes = fromCallback<ProcessesEvent, ProcessesInput>(
  ({ input, self, receive, sendBack }) => {
    const pool = new ActorPool(input.logic, 'process', self);
    const admission = new Admission(input.maxRunning);
    let draining = false;
    let pumping = false;

    const refusal = (): ErrorCode | undefined => {
      if (draining) return 'SHUTTING_DOWN';
      return pool.size - admission.running >= input.maxPending ? 'QUEUE_FULL' : undefined;
    };
    const request = (event: ProcessRequested) => {
      const code = refusal();
      if (code !== undefined) {
        const { message } = new DaemonError(code);
        return event.client.send({ type: 'process.refused', refusal: refuse(503, message) });
      }
      pool.start((slot) => {
        const commandId = randomUUID();
        const supervisor = self as unknown as Listener<ProcessQueued>;
        return input.inputFor({
          slot,
          commandId,
          request: event,
          supervisor,
          observer: input.observer(),
        }) as never;
      });
    };
    // A spawn blocks for half a millisecond: one a turn of the loop, so that clients are read in between.
    const pump = () => {
      if (pumping) return;
      const slot = admission.next();
      if (slot === undefined) return;
      pumping = true;
      setImmediate(() => {
        pumping = false;
        pool.get(slot)?.send({ type: 'process.admitted' });
        pump();
      });
    };
    const reportDrained = () => {
      if (!draining || pool.size > 0) return;
      (sendBack as (event: SupervisorDrained) => void)({ type: 'supervisor.drained' });
    };
    const ended = (event: ChildEnded) => {
      const actor = pool.end(event.actorId);
      admission.release(event.actorId);
      if (event.type.startsWith('xstate.error')) {
        input.observer().send({ type: 'actor.failed', id: event.actorId, error: event.error });
        settle((actor?.getSnapshot() as AnyMachineSnapshot | undefined)?.context, event.error, input);
      }
      pump();
      reportDrained();
    };

    receive((event) => {
      if (isChildEnded(event)) return ended(event);
      switch (event.type) {
        case 'process.requested':
          return request(event);
        case 'process.queued':
          admission.enqueue(event.slot, event.touches);
          return pump();
        case 'supervisor.drain':
          draining = true;
          return reportDrained();
      }
    });
  },
);

/** A process whose actor failed has its end on record all the same. */
function settle(
  context: { processId: number; commandId: string; outcome?: unknown } | undefined,
  error: unknown,
  { store, now }: ProcessesInput,
): void {
  if (!context || context.processId === 0 || context.outcome !== undefined) return;
  const { processId, commandId } = context;
  const { message, remedy } = asDaemonError(error);
  const at = now();
  const transition = {
    processId,
    commandId,
    from: 'running',
    to: 'failed',
    event: 'actor.failed',
    at,
    why: message,
  };
  const outcome = { code: -1, stdout: '', stderr: `${message}. What to do: ${remedy}\n`, at };
  store.end(transition, outcome).catch(() => {});
}
