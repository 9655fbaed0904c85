import type { Socket } from 'node:net';
import { fromCallback } from 'xstate';
import { type RequestRoom, readRequest as read } from '../../io/socket/connection.ts';
import type { Progress } from '../../io/socket/framing.ts';

/** 1 MiB, as the contract says. */
export const MAX_REQUEST_BYTES = 1_048_576;

export type RequestEvent =
  | { readonly type: 'request.received'; readonly progress: Progress }
  | { readonly type: 'request.completed'; readonly text: Buffer; readonly at: Date }
  | { readonly type: 'request.strayed'; readonly text: Buffer; readonly at: Date }
  | { readonly type: 'request.waiting' }
  | { readonly type: 'request.oversized' }
  | { readonly type: 'request.halted' }
  | { readonly type: 'peer.left' };

export interface ReadRequestInput {
  readonly socket: Socket;
  readonly room: RequestRoom;
  readonly now: () => Date;
}

/** Turns what a client's socket does into events, for as long as the connection lives. */
export const readRequest = fromCallback<RequestEvent, ReadRequestInput>(({ input, sendBack }) => {
  const send = sendBack as (event: RequestEvent) => void;
  return read(input.socket, MAX_REQUEST_BYTES, input.room, (arrival) => {
    switch (arrival.kind) {
      case 'more':
        return send({ type: 'request.received', progress: arrival.progress });
      case 'complete':
        return send({ type: 'request.completed', text: arrival.text, at: input.now() });
      case 'stray':
        return send({ type: 'request.strayed', text: arrival.text, at: input.now() });
      case 'waiting':
        return send({ type: 'request.waiting' });
      case 'oversized':
        return send({ type: 'request.oversized' });
      case 'halted':
        return send({ type: 'request.halted' });
      case 'left':
        return send({ type: 'peer.left' });
    }
  });
});
