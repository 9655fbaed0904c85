/** Clients of another user than the test: processes of their own, which only root can start. */
import { type ChildProcess, fork } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Layout } from './daemon.ts';
import { NO_COVERAGE } from './member.ts';
import type { Conversation, Swarm } from './swarm-main.ts';

const MAIN = join(import.meta.dirname, 'swarm-main.ts');

/** Uids that no account has. */
export const FIRST_UID = 4_242_001;
export const SECOND_UID = 4_242_002;

/** Options for tests that need more than one user. */
export const NEEDS_ROOT =
  process.getuid?.() === 0 ? {} : { skip: 'only root can start clients of another user' };

/** Lets other users reach the socket. Test directories, and those `above` them, are accessible only to their owner. */
export function letOthersIn({ folder, socket }: Layout, ...above: readonly string[]): void {
  for (const path of [...above, folder, dirname(socket)]) chmodSync(path, 0o755);
}

export interface RunningSwarm {
  /** Resolves with the results of all clients when they have ended. */
  readonly ended: Promise<readonly Conversation[]>;
  /** Resolves when all clients are connected or have ended. */
  readonly connected: Promise<void>;
  stop(): void;
}

/** Starts clients of another user, all at once. */
export function startSwarm(uid: number, swarm: Swarm): RunningSwarm {
  const child = fork(MAIN, {
    uid,
    gid: uid,
    serialization: 'advanced',
    execArgv: [],
    env: { ...process.env, ...NO_COVERAGE },
  });
  const stop = () => void child.kill('SIGKILL');
  child.send(swarm);
  const ended = told(child, 'ended') as RunningSwarm['ended'];
  const connected = Promise.race([told(child, 'connected'), ended]).then(() => {});
  return { connected, ended, stop };
}

function told(child: ChildProcess, what: string): Promise<unknown> {
  return new Promise((resolve) => {
    child.on('message', ([kind, value]: [string, unknown]) => {
      if (kind === what) resolve(value);
    });
  });
}
