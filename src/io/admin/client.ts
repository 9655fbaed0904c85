import { type IncomingMessage, type RequestOptions, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { json } from 'node:stream/consumers';
import { impostorObjection } from '../socket/peer.ts';

/** Milliseconds without an answer: a daemon that is stopped takes connections, and says nothing. */
const ANSWER_LIMIT = 10_000;
/** A dry run may look at the disk for longer. */
const DRY_RUN_LIMIT = 40_000;

/** A daemon is there, and says why it does not answer this. */
export class AdminRefusal extends Error {}

/** Returns the response of the admin socket to GET `path`. Rejects if the socket cannot be reached or refuses the request. */
export async function askAdmin(socketPath: string, path: string, signal?: AbortSignal): Promise<unknown> {
  return json(await open(socketPath, path, { silenceLimit: ANSWER_LIMIT, signal }));
}

/** Returns the outcome that `request` would have. The request is sent to the admin socket only; bytes are sent unchanged. */
export async function askDryRun(socketPath: string, request: unknown): Promise<unknown> {
  const body = Buffer.isBuffer(request) ? request : JSON.stringify(request);
  return json(await open(socketPath, '/dry-run', { silenceLimit: DRY_RUN_LIMIT, body }));
}

/** Yields the lines of a stream until the daemon ends it. The daemon leaves out lines for a slow reader. Rejects when
 * `signal` aborts. */
export async function* adminLines(
  socketPath: string,
  path: string,
  signal?: AbortSignal,
): AsyncGenerator<string> {
  const response = await open(socketPath, path, { silenceLimit: 0, signal });
  let rest = '';
  for await (const piece of response.setEncoding('utf8')) {
    const lines = (rest + piece).split('\n');
    rest = lines.pop() as string;
    yield* lines;
  }
}

interface Asking {
  /** Milliseconds without a byte of the answer that has begun; 0 is none. */
  readonly silenceLimit: number;
  /** With one it is a POST. */
  readonly body?: string | Buffer;
  readonly signal?: AbortSignal | undefined;
}

function open(
  socketPath: string,
  path: string,
  { silenceLimit, body, signal }: Asking,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const method = body === undefined ? 'GET' : 'POST';
    const createConnection: RequestOptions['createConnection'] = (_, done) => reach(socketPath, done);
    const asking = request({ createConnection, path, method, ...(signal && { signal }) }, (response) => {
      asking.setTimeout(silenceLimit);
      if (response.statusCode === 200) return resolve(response);
      json(response).then((said) => reject(new AdminRefusal((said as { error: string }).error)), reject);
    });
    const limit = silenceLimit || ANSWER_LIMIT;
    const silent = () => asking.destroy(new Error(`no answer within ${limit / 1_000} s`));
    asking.setTimeout(limit, silent).on('error', reject).end(body);
  });
}

/** Sends nothing to a process of another user, which may have taken the name of the socket while no daemon ran. */
function reach(path: string, done: (error: Error | null, socket: Duplex) => void): undefined {
  const socket: Socket = connect(path, () => {
    const objection = impostorObjection(socket);
    socket.off('error', fail);
    if (objection === undefined) return done(null, socket);
    socket.destroy();
    done(new Error(objection), socket);
  });
  const fail = (error: Error) => done(error, socket);
  socket.once('error', fail);
}
