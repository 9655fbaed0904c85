/** Clients that wait for admission. Users take turns, so that a user with many connections holds up no other user. A client
 * that disconnects without having sent anything is removed. Plain data; the supervisor of connections holds it. */
import type { Socket } from 'node:net';
import { type Peer, userOf } from '../../io/socket/peer.ts';

export interface Waiting {
  readonly socket: Socket;
  readonly peer: Peer;
}

/** Of one user; each costs a descriptor. */
const MAX_WAITING = 1_000;

export class Lobby {
  /** By user, in the order in which their turns come; of each in the order in which they came. */
  readonly #users = new Map<number, Set<Waiting>>();

  get isEmpty(): boolean {
    return this.#users.size === 0;
  }

  /** False if too many of this user wait already. */
  enter(client: Waiting): boolean {
    const user = userOf(client.peer);
    const waiting = this.#users.get(user) ?? new Set();
    if (waiting.size >= MAX_WAITING) return false;
    this.#users.set(user, waiting.add(client));
    // `end` is emitted only when no bytes are left to read: a client that sent a request and half-closed is still served.
    const leave = () => {
      if (this.#remove(client)) client.socket.destroy();
    };
    client.socket.once('end', leave).once('close', leave);
    return true;
  }

  /** Returns the next client that may come in. */
  next(hasRoomFor: (peer: Peer) => boolean): Waiting | undefined {
    for (const [user, waiting] of this.#users) {
      const [client] = waiting;
      if (!client || !hasRoomFor(client.peer)) continue;
      this.#remove(client);
      const others = this.#users.get(user);
      if (others) {
        this.#users.delete(user);
        this.#users.set(user, others);
      }
      return client;
    }
    return undefined;
  }

  #remove(client: Waiting): boolean {
    const user = userOf(client.peer);
    const waiting = this.#users.get(user);
    if (!waiting?.delete(client)) return false;
    if (waiting.size === 0) this.#users.delete(user);
    return true;
  }
}
