import { ask, type Reply } from './client.ts';

/** The result of one call: its reply, or why there is none. */
export interface Called {
  readonly reply: Reply | undefined;
  readonly error: string | undefined;
  /** Milliseconds. */
  readonly took: number;
}

/** A command that is accepted, and done at once. */
export const EMPTY = { cmd: 'cleanup_backups', args: { backup_ids: null, folders: null } };

/** Calls without a pause, with `count` concurrent clients, until it is stopped. Returns the results of all calls. */
export function callers(socket: string, count = 4, request: unknown = EMPTY) {
  const calls: Called[] = [];
  let going = true;
  const caller = async () => {
    while (going) {
      const begun = performance.now();
      const end = (reply: Reply | undefined, error?: string) =>
        calls.push({ reply, error, took: performance.now() - begun });
      await ask(socket, request).then(end, ({ message }: Error) => end(undefined, message));
    }
  };
  const ended = Promise.all(Array.from({ length: count }, caller));
  return {
    calls,
    stop: async (): Promise<Called[]> => {
      going = false;
      await ended;
      return calls;
    },
  };
}

/** Returns the calls that were not accepted. */
export const unserved = (calls: readonly Called[]): Called[] =>
  calls.filter(({ reply }) => reply?.code !== 202);
