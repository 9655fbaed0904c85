import { connect, type Socket } from 'node:net';
import { setImmediate as turn, setTimeout as wait } from 'node:timers/promises';

export interface Reply {
  code: number;
  status: string;
  message?: string;
  id?: string;
}

/** The result of a client: the bytes, the number of reads, and how the connection ended. */
export interface Heard {
  readonly text: string;
  readonly reads: number;
  readonly error: string | undefined;
}

export interface SendOptions {
  /** The bytes of a piece. By default everything is sent at once. */
  readonly piece?: number;
  /** Milliseconds between two pieces. */
  readonly pause?: number;
  /** Closes its own side after the last byte, as `nc -N` does. */
  readonly halfClose?: boolean;
}

/** Milliseconds. A client that pauses longer between two pieces, for example on a busy machine, may be refused as
 * silent. It misses that reply if it is still sending. */
export const BRISK = 150;

/** The result of a client that sent in pieces. */
export interface Conversed extends Heard {
  /** The longest pause in milliseconds between two pieces, for whatever reason. */
  readonly longestPause: number;
}

/** Writes one piece after the other. */
export class PieceWriter {
  readonly #socket: Socket;
  #last = Number.POSITIVE_INFINITY;
  longestPause = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  async write(piece: Buffer): Promise<void> {
    const begun = performance.now();
    await new Promise((resolve) => this.#socket.write(piece, resolve));
    this.longestPause = Math.max(this.longestPause, performance.now() - this.#last);
    this.#last = begun;
  }
}

/** Sends bytes, and reads until the daemon closes. */
export async function converse(
  path: string,
  bytes: string | Buffer,
  options: SendOptions = {},
): Promise<Conversed> {
  const socket = connect({ path, allowHalfOpen: true });
  const heard = hear(socket);
  const writer = new PieceWriter(socket);
  const whole = Buffer.from(bytes);
  const size = options.piece ?? Math.max(1, whole.length);
  for (let at = 0; at < whole.length && !socket.destroyed; at += size) {
    if (options.pause !== undefined && at > 0) {
      await wait(options.pause);
      // A client that was answered meanwhile reads the reply before it notices that it can send no more.
      await turn();
    }
    await writer.write(whole.subarray(at, at + size));
  }
  if (options.halfClose) socket.end();
  const { longestPause } = writer;
  return { ...(await heard), longestPause };
}

/** The maximum number of attempts to send a complete request. */
const TRIES = 5;

/** Like `converse`, for a complete request. If the machine stalls between two pieces, the daemon takes that for
 * silence and answers the incomplete request; then the request is sent again. */
export async function converseWhole(
  path: string,
  bytes: string | Buffer,
  options?: SendOptions,
): Promise<Heard> {
  for (let tries = 1; ; tries++) {
    const heard = await converse(path, bytes, options);
    const [, came] = /the request ended after (\d+) bytes/.exec(heard.text) ?? [];
    if (came === undefined || Number(came) >= Buffer.byteLength(bytes) || tries === TRIES) return heard;
  }
}

export function hear(socket: Socket): Promise<Heard> {
  return new Promise((resolve) => {
    const pieces: Buffer[] = [];
    let error: string | undefined;
    socket.on('data', (piece) => pieces.push(piece));
    socket.on('error', ({ code }: NodeJS.ErrnoException) => {
      error = code;
    });
    socket.on('end', () => socket.end());
    socket.on('close', () => {
      resolve({ text: Buffer.concat(pieces).toString(), reads: pieces.length, error });
    });
  });
}

/** Sends one request, and returns the parsed reply. */
export async function ask(path: string, request: unknown, options: SendOptions = {}): Promise<Reply> {
  const bytes = typeof request === 'string' || Buffer.isBuffer(request) ? request : JSON.stringify(request);
  const { text, error } = await converseWhole(path, bytes, options);
  if (text === '') throw new Error(`no reply (${error ?? 'closed'})`);
  return JSON.parse(text) as Reply;
}
