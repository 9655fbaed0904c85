import type { Socket } from 'node:net';
import { ObjectScanner, type Progress } from './framing.ts';

/** What a client's socket did. `complete` and `stray` carry the text up to the end of their piece. `waiting`: there is no
 * room for what came; nothing more is read until there is. */
export type Arrival =
  | { readonly kind: 'more'; readonly progress: Progress }
  | { readonly kind: 'complete' | 'stray'; readonly text: Buffer }
  | { readonly kind: 'waiting' }
  | { readonly kind: 'oversized' }
  | { readonly kind: 'halted' }
  | { readonly kind: 'left' };

/** The memory for one request, and its turn to be checked. */
export interface RequestRoom {
  /** Makes room for a request when so many of its bytes have come. False: `then` is called when there is room, and, if
   * the request is complete, when it is its turn to be checked. */
  grow(requestBytes: number, isComplete: boolean, then: () => void): boolean;
  /** Calls `then` when the next piece of a large request may be read. */
  nextPiece(then: () => void): void;
}

/** Above this a request is large: it is read by pieces. libuv would read up to two megabytes of one connection before it
 * looks at another. */
export const LARGE_REQUEST_BYTES = 64 * 1024;

/** Tells what arrives until the request is decided; from then on bytes are thrown away, since a kernel that still
 * holds unread ones answers a close with a reset, and the client would lose its reply. Returns how to stop. */
export function readRequest(
  socket: Socket,
  limit: number,
  room: RequestRoom,
  tell: (arrival: Arrival) => void,
): () => void {
  const scanner = new ObjectScanner(limit);
  let decided = false;
  /** Whether the client closed its side while the request waited: Node may say so although the socket is paused. */
  let halted = false;
  let waits = false;
  const decide = (arrival: Arrival) => {
    if (decided) return;
    decided = true;
    tell(arrival);
  };
  const onData = (piece: Buffer) => {
    if (decided) return;
    const scan = scanner.push(piece);
    const { progress } = scanner;
    const tellScan = () => {
      if (scan.kind === 'more') tell({ kind: 'more', progress });
      else decide(scan as Arrival);
    };
    if (scan.kind === 'oversized') return tellScan();
    const goOn = () => {
      waits = false;
      socket.resume();
      tellScan();
      if (halted) decide({ kind: 'halted' });
    };
    const isComplete = scan.kind !== 'more';
    const hasRoom = room.grow(progress.bytes, isComplete, goOn);
    if (hasRoom && (isComplete || progress.bytes <= LARGE_REQUEST_BYTES)) return tellScan();
    waits = true;
    socket.pause();
    tell({ kind: 'waiting' });
    if (hasRoom) room.nextPiece(goOn);
  };
  const onEnd = () => {
    if (waits) halted = true;
    else decide({ kind: 'halted' });
  };
  const onClose = () => {
    decided = true;
    tell({ kind: 'left' });
  };
  socket.on('data', onData).on('end', onEnd).on('close', onClose);
  return () => {
    decided = true;
    socket.off('data', onData).off('end', onEnd).off('close', onClose).resume();
  };
}

/** Sends the reply and closes. `sent` is called with whether the client was still connected. `linger`: the client
 * may still be sending, so its bytes are drained until it closes; else the kernel would reset the connection and take
 * the reply with it. */
export function sendReply(
  socket: Socket,
  reply: Buffer,
  linger: boolean,
  sent: (delivered: boolean) => void,
): void {
  if (socket.destroyed) return sent(false);
  // A request that is answered while it waits for room is read no further.
  socket.removeAllListeners('data');
  if (linger) socket.on('data', () => drainLater(socket));
  socket.resume();
  socket.end(reply, (error?: Error | null) => {
    if (error || !linger || socket.destroyed) sent(!error);
    else socket.once('close', () => sent(true));
  });
}

/** Reads no more from this connection in the current turn of the event loop. */
function drainLater(socket: Socket): void {
  socket.pause();
  setImmediate(() => socket.resume());
}

/** Detaches all listeners from the socket and discards its bytes. */
export function deafen(socket: Socket): void {
  for (const event of ['data', 'end', 'close']) socket.removeAllListeners(event);
  socket.resume();
}
