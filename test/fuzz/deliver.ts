import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { type Conversed, hear, PieceWriter } from '../support/client.ts';
import type { Case } from './cases.ts';

/** Milliseconds: longer than all limits of a connection together. */
const PATIENCE = 45_000;

export interface Delivered extends Conversed {
  /** False if the daemon did not close the connection within `PATIENCE`. */
  readonly closed: boolean;
}

/** Sends a case in its pieces and with its ending, and reads until the connection closes. */
export async function deliver(path: string, { pieces, pause, ending }: Case): Promise<Delivered> {
  const socket = connect({ path, allowHalfOpen: true });
  const heard = hear(socket);
  const writer = new PieceWriter(socket);
  let closed = true;
  const limit = setTimeout(() => {
    closed = false;
    socket.destroy();
  }, PATIENCE);
  // A client that vanishes cannot rely on any delivery, so it sends only a part.
  const sent = ending === 'vanish' ? pieces.slice(0, 1 + (pieces.length >> 1)) : pieces;
  for (const [index, piece] of sent.entries()) {
    if (pause > 0 && index > 0) await wait(pause);
    // A client stops once it has its reply: a further write would break the connection and lose the reply.
    if (socket.destroyed || socket.readableEnded || socket.bytesRead > 0) break;
    await writer.write(piece);
  }
  if (ending === 'half-close') socket.end();
  if (ending === 'vanish') socket.destroy();
  const end = await heard;
  clearTimeout(limit);
  return { ...end, closed, longestPause: writer.longestPause };
}
