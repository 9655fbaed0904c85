import type { Socket } from 'node:net';
import { type AnyMachineSnapshot, type AnyStateMachine, fromCallback } from 'xstate';
import { asDaemonError } from '../errors.ts';
import { deafen, sendReply } from '../io/connection-socket.ts';
import type { Peer } from '../io/peer.ts';
import { encodeReply, type Refusal, refuse } from '../io/reply.ts';
import { ActorPool, type ChildEnded, isChildEnded } from './actor-pool.ts';
import { Doorkeeper, type DoorRules } from './doorkeeper.ts';
import type {
  ActorFailed,
  ConnectionEnded,
  ConnectionOpened,
  ConnectionsDrained,
  Listener,
  SupervisorDrain,
} from './messages.ts';

/** Who has come, and what speaks against hearing him. */
export interface Client {
  readonly socket: Socket;
  readonly peer: Peer;
  readonly objection: Refusal | undefined;
}

export interface ConnectionsInput {
  readonly logic: AnyStateMachine;
  readonly maxConnections: number;
  readonly door: DoorRules;
  readonly peerOf: (socket: Socket) => Peer;
  /** What a connection actor is made with. */
  readonly inputFor: (client: Client) => unknown;
  readonly observer: () => Listener<ConnectionEnded | ActorFailed>;
}

type ConnectionsEvent = ConnectionOpened | SupervisorDrain | ChildEnded;

/** Spawns one connection machine a client, at most `maxConnections` at once, and of each user not more than the door's
 * rules allow; who comes later waits its turn. */
export const connections = fromCallback<ConnectionsEvent, ConnectionsInput>(
  ({ input, self, receive, sendBack }) => {
    const pool = new ActorPool(input.logic, 'connection', self);
    const door = new Doorkeeper(input.door);
    const parked: Omit<Client, 'objection'>[] = [];
    const inside = new Map<string, Peer>();
    let draining = false;

    const start = ({ socket, peer }: Omit<Client, 'objection'>) => {
      door.entered(peer);
      const client = { socket, peer, objection: door.objection(peer) };
      const actor = pool.start((slot) => {
        inside.set(slot, peer);
        return input.inputFor(client) as never;
      });
      if (draining) actor.send({ type: 'daemon.draining' });
    };
    const admit = () => {
      while (pool.size < input.maxConnections) {
        const next = parked.findIndex(({ peer }) => door.hasRoomFor(peer));
        if (next === -1) break;
        for (const client of parked.splice(next, 1)) start(client);
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
      door.left(inside.get(event.actorId) as Peer);
      inside.delete(event.actorId);
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
      parked.push({ socket: event.socket, peer: input.peerOf(event.socket) });
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
