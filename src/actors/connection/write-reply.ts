import type { Socket } from 'node:net';
import { fromPromise } from 'xstate';
import { faultPoint } from '../../io/os/fault-point.ts';
import { sendReply } from '../../io/socket/connection.ts';
import { encodeReply, type Reply } from '../../io/socket/reply.ts';

export interface WriteReplyInput {
  readonly socket: Socket;
  readonly reply: Reply;
  /** True where the client may not have finished sending. */
  readonly linger: boolean;
}

/** Done when the reply is with the kernel and, where it lingers, the client has closed. False: the client has left. */
export const writeReply = fromPromise<boolean, WriteReplyInput>(({ input: { socket, reply, linger } }) => {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  faultPoint('reply.sending');
  sendReply(socket, encodeReply(reply), linger, (delivered) => {
    faultPoint('reply.sent');
    resolve(delivered);
  });
  return promise;
});
