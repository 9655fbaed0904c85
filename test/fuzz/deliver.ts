import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { type Conversed, hear, PieceWriter } from '../support/client.ts';
import type { Case } from './cases.ts';

/** Milliseconds: longer than all limits of a connection together. */
const PATIENCE = 45_000;

export interface Delivered extends Conversed {
  /** False where the daemon had not closed when patience ended. */
  readonly closed: boolean;
}

/** Sends a case as it wants to be sent, and hears to the end. */
export async function deliver(path: string, { pieces, pause, ending }: Case): Promise<Delivered> {
  const socket = connect({ path, allowHalfOpen: true });
  const heard = hear(socket);
  const writer = new PieceWriter(socket);
  let closed = true;
  const limit = setTimeout(() => {
    closed = false;
    socket.destroy();
  }, PATIENCE);
  // One that vanishes is not sure of anything that it sent.
  const sent = ending === 'vanish' ? pieces.slice(0, 1 + (pieces.length >> 1)) : pieces;
  for (const [index, piece] of sent.entries()) {
    if (pause > 0 && index > 0) await wait(pause);
    // Who is answered is done: its reply would be lost with the connection that it writes on.
    if (socket.destroyed || socket.readableEnded || socket.bytesRead > 0) break;
    await writer.write(piece);
  }
  if (ending === 'half-close') socket.end();
  if (ending === 'vanish') socket.destroy();
  const end = await heard;
  clearTimeout(limit);
  return { ...end, closed, longestPause: writer.longestPause };
}
