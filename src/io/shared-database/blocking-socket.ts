/** A pair of connected Unix sockets that block, for questions to a child that are answered within microseconds: a turn of the event
 * loop would take longer. Messages are JSON after their length. Source: unix(7), socket(7). */
import { readSync, writeSync } from 'node:fs';
import koffi from 'koffi';
import { AF_UNIX, fromLibc, SOL_SOCKET } from '../os/libc.ts';

/** Linux's numbers. Source: socket.h. */
const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0o2000000;
const SO_RCVTIMEO = 20;
const SO_SNDTIMEO = 21;
const TIMEVAL_BYTES = 16;
const HEADER_BYTES = 4;

const socketpair = fromLibc('int socketpair(int domain, int type, int protocol, void *fds)');
const setsockopt = fromLibc('int setsockopt(int fd, int level, int name, void *value, uint32_t length)');

/** Returns the file descriptors of both ends. No child inherits them. Throws where there is none left. */
export function openSocketPair(): readonly [number, number] {
  const fds = new Uint32Array(2);
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) !== 0) {
    throw new Error(`cannot open a pair of sockets: errno ${koffi.errno()}`);
  }
  return [fds[0] as number, fds[1] as number];
}

/** From now on a read or a write on `fd` fails with EAGAIN after `timeoutMs`. */
export function limitWaiting(fd: number, timeoutMs: number): void {
  const time = Buffer.alloc(TIMEVAL_BYTES);
  time.writeBigInt64LE(BigInt(Math.floor(timeoutMs / 1_000)), 0);
  time.writeBigInt64LE(BigInt((timeoutMs % 1_000) * 1_000), 8);
  for (const option of [SO_RCVTIMEO, SO_SNDTIMEO]) {
    if (setsockopt(fd, SOL_SOCKET, option, time, TIMEVAL_BYTES) !== 0) {
      throw new Error(`cannot limit the waiting for a socket: errno ${koffi.errno()}`);
    }
  }
}

/** Throws EPIPE where the other end is closed, and EAGAIN. */
export function writeMessage(fd: number, message: unknown): void {
  const text = JSON.stringify(message);
  const length = Buffer.byteLength(text);
  const data = Buffer.allocUnsafe(HEADER_BYTES + length);
  data.writeUInt32LE(length, 0);
  data.write(text, HEADER_BYTES);
  for (let sent = 0; sent < data.length; ) sent += uninterrupted(() => writeSync(fd, data, sent));
}

/** Returns undefined where the other end is closed. Throws EAGAIN, and an Error where the message has more than `maxBytes`. */
export function readMessage(fd: number, maxBytes = Number.POSITIVE_INFINITY): unknown {
  const header = readBytes(fd, HEADER_BYTES);
  const length = header?.readUInt32LE(0) ?? 0;
  if (length > maxBytes)
    throw new Error(`cannot read a message of ${length} bytes: at most ${maxBytes} are expected`);
  const data = header && readBytes(fd, length);
  return data && JSON.parse(data.toString('utf8'));
}

function readBytes(fd: number, length: number): Buffer | undefined {
  const data = Buffer.allocUnsafe(length);
  for (let got = 0; got < length; ) {
    const count = uninterrupted(() => readSync(fd, data, got, length - got, null));
    if (count === 0) return undefined;
    got += count;
  }
  return data;
}

/** Repeats a call that a signal (such as SIGCHLD) interrupts. The time limit of the call then starts again: no child is
 * started meanwhile, so the signals come to an end. */
function uninterrupted(call: () => number): number {
  for (;;) {
    try {
      return call();
    } catch (error) {
      if ((error as { code?: string }).code !== 'EINTR') throw error;
    }
  }
}
