import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { exitOf } from '../test/support/daemon.ts';
import { jailed } from '../test/support/jail.ts';

/** A small environment, the same for all: each variable costs time at a start and with each child. */
const ENVIRONMENT = { PATH: '/usr/bin:/bin' };

/** Runs a command in the jail, and resolves when it reports that it listens. */
export async function launch(folder: string, command: readonly string[]) {
  const [program, ...words] = jailed(folder, command) as [string, ...string[]];
  const child = spawn(program, words, { env: ENVIRONMENT, cwd: folder });
  const exited = exitOf(child);
  const first = await Promise.race([pidOf(child), exited]);
  if (typeof first !== 'number') throw new Error(`it did not start: ${first.stderr}`);
  const stop = async () => {
    process.kill(first, 'SIGTERM');
    await exited;
  };
  return { pid: first, exited, stop };
}

/** Returns the pid of the program, not of its jail. */
function pidOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    let text = '';
    const look = (piece: Buffer) => {
      text += piece;
      const [, pid] = /"pid":(\d+),"msg":"listening"/.exec(text) ?? [];
      if (pid === undefined) return;
      child.stderr?.off('data', look);
      resolve(Number(pid));
    };
    child.stderr?.on('data', look);
  });
}

/** Runs a command in the jail to its end, and returns its output. */
export function output(folder: string, command: readonly string[]): string {
  const [program, ...words] = jailed(folder, command) as [string, ...string[]];
  return execFileSync(program, words, { encoding: 'utf8', env: ENVIRONMENT, cwd: folder });
}
