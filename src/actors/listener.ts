import { fromCallback } from 'xstate';
import { asDaemonError, type DaemonError } from '../errors.ts';
import { type ListeningSocket, listenAt } from '../io/listening-socket.ts';
import type { ConnectionOpened, Listener } from './messages.ts';

export type ListenerEvent =
  | { readonly type: 'listener.bound' }
  | { readonly type: 'listener.failed'; readonly error: DaemonError };

export interface ListenerInput {
  readonly socketPath: string;
  readonly connections: () => Listener<ConnectionOpened>;
}

/** Listens, and hands each socket on, until it is stopped. */
export const listener = fromCallback<ListenerEvent, ListenerInput>(({ input, sendBack }) => {
  const send = sendBack as (event: ListenerEvent) => void;
  let socket: ListeningSocket | undefined;
  let stopped = false;
  const hand = (opened: ConnectionOpened['socket']) =>
    input.connections().send({ type: 'connection.opened', socket: opened });
  listenAt(input.socketPath, hand).then(
    (bound) => {
      if (stopped) return bound.close();
      socket = bound;
      send({ type: 'listener.bound' });
    },
    (error: unknown) => send({ type: 'listener.failed', error: asDaemonError(error) }),
  );
  return () => {
    stopped = true;
    socket?.close();
  };
});
