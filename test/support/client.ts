import { connect, type Socket } from 'node:net';
import { setImmediate as turn, setTimeout as wait } from 'node:timers/promises';

export interface Reply {
  code: number;
  status: string;
  message?: string;
  id?: string;
}

/** What a client got: the bytes, in how many reads, and how the connection ended. */
export interface Heard {
  readonly text: string;
  readonly reads: number;
  readonly error: string | undefined;
}

export interface SendOptions {
  /** Bytes in a piece; everything at once without it. */
  readonly piece?: number;
  /** Milliseconds between two pieces. */
  readonly pause?: number;
  /** Closes its own side after the last byte, as `nc -N` does. */
  readonly halfClose?: boolean;
}

/** Milliseconds. Who lets more pass between two pieces, as a machine that has much else to do may make one do, may be
 * refused as silent, and miss that if he is still sending. */
export const BRISK = 150;

/** What was heard by who sent in pieces. */
export interface Conversed extends Heard {
  /** Milliseconds that the longest pause between two pieces may have lasted, for whatever reason. */
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

/** Sends bytes, and hears until the daemon closes. */
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
      // Who was answered meanwhile hears that before he finds that he can send no more.
      await turn();
    }
    await writer.write(whole.subarray(at, at + size));
  }
  if (options.halfClose) socket.end();
  const { longestPause } = writer;
  return { ...(await heard), longestPause };
}

/** So often a whole request is sent at most. */
const TRIES = 5;

/** As `converse`, of what is whole: where this machine stands still between two pieces, the daemon takes that for silence and
 * answers what has come, and it is sent again. */
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

/** Sends one request and gives the parsed reply. */
export async function ask(path: string, request: unknown, options: SendOptions = {}): Promise<Reply> {
  const bytes = typeof request === 'string' || Buffer.isBuffer(request) ? request : JSON.stringify(request);
  const { text, error } = await converseWhole(path, bytes, options);
  if (text === '') throw new Error(`no reply (${error ?? 'closed'})`);
  return JSON.parse(text) as Reply;
}
