import { fromCallback } from 'xstate';
import { asDaemonError, type DaemonError } from '../../errors.ts';
import { type ListeningSocket, listenAt, listenOn, type SocketAccess } from '../../io/socket/listen.ts';
import type { ConnectionOpened, Listener } from '../messages.ts';

export type ListenerEvent =
  | { readonly type: 'listener.bound' }
  | { readonly type: 'listener.drained' }
  | { readonly type: 'listener.failed'; readonly error: DaemonError };

/** The socket for clients: one that the daemon creates at a path, or one that it inherited. */
export type SocketPlace =
  | {
      readonly path: string;
      readonly access: SocketAccess;
      /** Called with the entry that another user had put at `path`. */
      readonly onSetAside?: (error: DaemonError) => void;
    }
  | { readonly inherited: number };

export interface ListenerInput {
  readonly place: SocketPlace;
  /** Undefined: the daemon has stopped. */
  readonly connections: () => Listener<ConnectionOpened> | undefined;
}

/** daemon → listener: stop accepting, and report when all clients that had connected are handed on */
export interface ListenerDrain {
  readonly type: 'listener.drain';
}

/** Listens and hands each socket on until it is stopped. It also hands on clients that had connected before it drained. */
export const listener = fromCallback<ListenerDrain, ListenerInput>(({ input, receive, sendBack }) => {
  const send = sendBack as (event: ListenerEvent) => void;
  let socket: ListeningSocket | undefined;
  let stopped = false;
  let draining = false;
  const hand = (opened: ConnectionOpened['socket']) => {
    const connections = input.connections();
    if (connections) connections.send({ type: 'connection.opened', socket: opened });
    else opened.destroy();
  };
  const fail = (error: unknown) => send({ type: 'listener.failed', error: asDaemonError(error) });
  const drain = () => {
    draining = true;
    socket?.drain().then(() => send({ type: 'listener.drained' }), fail);
  };
  receive(drain);
  open(input.place, hand).then((bound) => {
    if (stopped) return bound.close();
    socket = bound;
    if (draining) drain();
    else send({ type: 'listener.bound' });
  }, fail);
  return () => {
    stopped = true;
    socket?.close();
  };
});

function open(
  place: SocketPlace,
  hand: (opened: ConnectionOpened['socket']) => void,
): Promise<ListeningSocket> {
  return 'inherited' in place
    ? listenOn(place.inherited, hand)
    : listenAt(place.path, place.access, hand, place.onSetAside);
}
