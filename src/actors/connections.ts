import type { Socket } from 'node:net';
import { type AnyMachineSnapshot, type AnyStateMachine, fromCallback } from 'xstate';
import { asDaemonError } from '../errors.ts';
import { deafen, sendReply } from '../io/connection-socket.ts';
import { encodeReply, refuse } from '../io/reply.ts';
import { ActorPool, type ChildEnded, isChildEnded } from './actor-pool.ts';
import type {
  ActorFailed,
  ConnectionEnded,
  ConnectionOpened,
  ConnectionsDrained,
  Listener,
  SupervisorDrain,
} from './messages.ts';

export interface ConnectionsInput {
  readonly logic: AnyStateMachine;
  readonly maxConnections: number;
  /** What a connection actor is made with. */
  readonly inputFor: (socket: Socket) => unknown;
  readonly observer: () => Listener<ConnectionEnded | ActorFailed>;
}

type ConnectionsEvent = ConnectionOpened | SupervisorDrain | ChildEnded;

/** Spawns one connection machine a client, at most `maxConnections` at once; who comes later waits its turn. */
export const connections = fromCallback<ConnectionsEvent, ConnectionsInput>(
  ({ input, self, receive, sendBack }) => {
    const pool = new ActorPool(input.logic, 'connection', self);
    const parked: Socket[] = [];
    let draining = false;

    const admit = () => {
      while (pool.size < input.maxConnections) {
        const socket = parked.shift();
        if (!socket) break;
        const actor = pool.start(() => input.inputFor(socket) as never);
        if (draining) actor.send({ type: 'daemon.draining' });
      }
      if (draining && pool.size === 0 && parked.length === 0) {
        (sendBack as (event: ConnectionsDrained) => void)({ type: 'connections.drained' });
      }
    };
    const drain = () => {
      draining = true;
      for (const actor of [...pool]) actor.send({ type: 'daemon.draining' });
      admit();
    };
    const ended = (event: ChildEnded) => {
      const actor = pool.end(event.actorId);
      if (event.type.startsWith('xstate.error')) {
        input.observer().send({ type: 'actor.failed', id: event.actorId, error: event.error });
        apologise((actor?.getSnapshot() as AnyMachineSnapshot | undefined)?.context.socket, event.error);
      } else {
        input
          .observer()
          .send({ type: 'connection.ended', ...(event.output as Omit<ConnectionEnded, 'type'>) });
      }
      admit();
    };

    receive((event) => {
      if (isChildEnded(event)) return ended(event);
      if (event.type === 'supervisor.drain') return drain();
      parked.push(event.socket);
      admit();
    });
  },
);

/** A connection whose actor failed still gets its reply. */
function apologise(socket: Socket | undefined, error: unknown): void {
  if (!socket) return;
  // XState leaves the children of an actor that failed running: its reader would talk to the dead.
  deafen(socket);
  const reply = refuse(500, asDaemonError(error).message);
  sendReply(socket, encodeReply(reply), false, () => socket.destroy());
}
