import type { Socket } from 'node:net';
import { type AnyMachineSnapshot, type AnyStateMachine, fromCallback } from 'xstate';
import { asDaemonError, DaemonError } from '../../errors.ts';
import { deafen, sendReply } from '../../io/socket/connection.ts';
import { type Peer, userOf } from '../../io/socket/peer.ts';
import { encodeReply, type Refusal, refuseFor } from '../../io/socket/reply.ts';
import type { Holding, RequestBudget } from '../fairness/request-budget.ts';
import type {
  ActorFailed,
  ClientRefused,
  ConnectionEnded,
  ConnectionOpened,
  ConnectionsDrained,
  Listener,
  SupervisorDrain,
} from '../messages.ts';
import { ActorPool, type ChildEnded, isChildEnded } from '../shared/actor-pool.ts';
import { Doorkeeper, type DoorRules } from './access-policy.ts';
import { Lobby, type Waiting } from './fair-queue.ts';

/** A connected client, and why its request is refused, if it is. */
export interface Client {
  readonly socket: Socket;
  readonly peer: Peer;
  readonly objection: Refusal | undefined;
  /** The memory that the request takes. */
  readonly holding: Holding;
}

export interface ConnectionsInput {
  readonly logic: AnyStateMachine;
  readonly door: DoorRules;
  readonly budget: RequestBudget;
  readonly peerOf: (socket: Socket) => Peer;
  /** Builds the input of a connection actor. */
  readonly inputFor: (client: Client) => unknown;
  readonly observer: () => Listener<ConnectionEnded | ConnectionsDrained | ClientRefused | ActorFailed>;
}

type ConnectionsEvent = ConnectionOpened | SupervisorDrain | ChildEnded;

/** Spawns one connection machine a client, as many at once, and of each user, as the door's rules allow; a client that comes
 * later waits its turn. */
export const connections = fromCallback<ConnectionsEvent, ConnectionsInput>(
  ({ input, self, receive, sendBack }) => {
    const pool = new ActorPool(input.logic, 'connection', self);
    const door = new Doorkeeper(input.door);
    const lobby = new Lobby();
    const inside = new Map<string, Client>();
    let draining = false;

    const start = ({ socket, peer }: Waiting) => {
      door.entered(peer);
      const holding = input.budget.open(userOf(peer));
      const client = { socket, peer, objection: door.objection(peer), holding };
      const actor = pool.start((slot) => {
        inside.set(slot, client);
        return input.inputFor(client) as never;
      });
      if (draining) actor.send({ type: 'daemon.draining' });
    };
    const admit = () => {
      while (pool.size < input.door.maxConnections) {
        const client = lobby.next((peer) => door.hasRoomFor(peer));
        if (!client) break;
        start(client);
      }
      if (draining && pool.size === 0 && lobby.isEmpty) {
        input.observer().send({ type: 'connections.drained' });
        (sendBack as (event: ConnectionsDrained) => void)({ type: 'connections.drained' });
      }
    };
    /** Replies to a client that no machine answers. */
    const turnAway = (socket: Socket, refusal: Refusal) => {
      input.observer().send({ type: 'client.refused', refusal });
      // XState leaves the children of a failed actor running: its reader would send events to a stopped actor.
      deafen(socket);
      sendReply(socket, encodeReply(refusal), false, () => socket.destroy());
    };
    const drain = () => {
      draining = true;
      for (const actor of [...pool]) actor.send({ type: 'daemon.draining' });
      admit();
    };
    const ended = (event: ChildEnded) => {
      const actor = pool.end(event.actorId);
      const { peer, holding } = inside.get(event.actorId) as Client;
      door.left(peer);
      holding.close();
      inside.delete(event.actorId);
      if (event.type.startsWith('xstate.error')) {
        input.observer().send({ type: 'actor.failed', id: event.actorId, error: event.error });
        const socket = (actor?.getSnapshot() as AnyMachineSnapshot | undefined)?.context.socket;
        const refusal = refuseFor(500, asDaemonError(event.error));
        if (socket) turnAway(socket, refusal);
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
      const client = { socket: event.socket, peer: input.peerOf(event.socket) };
      if (lobby.enter(client)) admit();
      else turnAway(client.socket, refuseFor(503, new DaemonError('TOO_MANY_CLIENTS')));
    });
  },
);
