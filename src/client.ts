/** For API servers in TypeScript: `import { call } from 'dbcalm-cmd/client'`. It needs Node and nothing else. */
import { connect, type Socket } from 'node:net';

/** Where the daemon listens, if its config does not say otherwise. */
export const SOCKET_PATH = '/var/run/dbcalm/cmd.sock';

/** Longer (ms) than the daemon takes to answer when it is well. */
const TIMEOUT = 30_000;

interface Scheduled {
  readonly id: number;
  readonly backup_type: 'full' | 'incremental';
  readonly enabled: boolean;
}

interface AtTime {
  readonly hour: number;
  readonly minute: number;
}

/** The keys that each frequency needs. The daemon ignores other keys. */
export type Schedule = Scheduled &
  (
    | ({ readonly frequency: 'daily' } & AtTime)
    | ({ readonly frequency: 'weekly'; readonly day_of_week?: number | null } & AtTime)
    | ({ readonly frequency: 'monthly'; readonly day_of_month?: number | null } & AtTime)
    | { readonly frequency: 'hourly'; readonly minute: number }
    | {
        readonly frequency: 'interval';
        readonly interval_value: number;
        readonly interval_unit: 'minutes' | 'hours';
      }
  );

/** The arguments of each command. */
export interface Arguments {
  readonly update_cron_schedules: { readonly schedules: readonly Schedule[] };
  readonly delete_directory: { readonly path: string };
  /** `null` is the empty list. */
  readonly cleanup_backups: {
    readonly backup_ids: readonly (string | number)[] | null;
    readonly folders: readonly string[] | null;
  };
}

export type CommandName = keyof Arguments;

/** `id` is the `command_id` of its row in the process table, which is there already. */
export interface Accepted {
  readonly code: 202;
  readonly status: 'Accepted';
  readonly id: string;
}

/** 400: the request is wrong; 403: not allowed; 429: too many of this user; 500: the daemon's own fault; 503: no room, or
 * it is shutting down. */
export interface Refused {
  readonly code: 400 | 403 | 429 | 500 | 503;
  readonly status: string;
  readonly message: string;
}

export type Reply = Accepted | Refused;

export interface CallOptions {
  readonly socketPath?: string;
  /** Milliseconds without a byte of the reply; 30,000 without it. */
  readonly timeout?: number;
  readonly signal?: AbortSignal;
  /** Gets the connected socket before anything is sent, and returns why nothing must be sent, or undefined. */
  readonly objectTo?: (socket: Socket) => string | undefined;
}

/** There is no reply. With UNREACHABLE the command was not accepted; otherwise it is not known whether it was. */
export class NoReplyError extends Error {
  override readonly name = 'NoReplyError';
  readonly code: 'UNREACHABLE' | 'TIMEOUT' | 'ABORTED' | 'BROKEN';

  constructor(code: NoReplyError['code'], message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

/** Sends one command, as the other API servers do, and resolves with the reply, also if it is a refusal. Rejects
 * with NoReplyError. */
export async function call<C extends CommandName>(
  cmd: C,
  args: Arguments[C],
  options: CallOptions = {},
): Promise<Reply> {
  const reply = await exchange(JSON.stringify({ cmd, args }), options);
  if (typeof (reply as Reply | null)?.code === 'number') return reply as Reply;
  throw new NoReplyError('BROKEN', `no reply, but ${JSON.stringify(reply).slice(0, 200)}`);
}

/** The same with a request as it is to be sent, and whatever JSON comes back. */
export function exchange(
  request: string | Uint8Array,
  { socketPath = SOCKET_PATH, timeout = TIMEOUT, signal, objectTo }: CallOptions = {},
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath);
    const pieces: Buffer[] = [];
    let connected = false;
    const fail = (code: NoReplyError['code'], message: string, cause?: unknown) => {
      reject(new NoReplyError(code, `no reply from ${socketPath}: ${message}`, cause));
      socket.destroy();
    };
    const abort = () => fail('ABORTED', 'the call was aborted', signal?.reason);
    if (signal?.aborted) return abort();
    signal?.addEventListener('abort', abort, { once: true });

    socket.setTimeout(timeout, () => fail('TIMEOUT', `nothing within ${timeout / 1000} s`));
    socket.on('connect', () => {
      const objection = objectTo?.(socket);
      if (objection !== undefined) return fail('UNREACHABLE', objection);
      connected = true;
      socket.write(request);
    });
    socket.on('data', (piece) => pieces.push(piece));
    socket.on('error', (error) => fail(connected ? 'BROKEN' : 'UNREACHABLE', error.message, error));
    socket.on('close', () => {
      signal?.removeEventListener('abort', abort);
      try {
        resolve(JSON.parse(Buffer.concat(pieces).toString()));
      } catch {
        fail('BROKEN', 'it closed the connection without one');
      }
    });
  });
}
