/** The ground of the attack. It is in the test's own directory, and every process that deletes or swaps there is in
 * the jail. */
import { type ChildProcess, spawn } from 'node:child_process';
import { lstatSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { jailed } from '../support/jail.ts';
import { until } from '../support/until.ts';

export interface Arena {
  readonly folder: string;
  readonly root: string;
  /** Below the root. A symlink to the canary for some of the time. */
  readonly shared: string;
  /** Next to the root. Holds all the names that `shared` holds. */
  readonly canary: string;
}

export function arenaIn(folder: string): Arena {
  const root = join(folder, 'backups');
  return { folder, root, shared: join(root, 'shared'), canary: join(folder, 'canary') };
}

/** Makes each name a directory with a file in it, in both places. */
export function prepareArena(folder: string, names: readonly string[]): Arena {
  const arena = arenaIn(folder);
  for (const path of names.flatMap((name) => [join(arena.shared, name), join(arena.canary, name)])) {
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, 'file'), path);
  }
  return arena;
}

export type RunScript = (arena: Arena, script: string, args: readonly string[]) => Promise<number>;

/** Returns a function that runs a script of this directory in the jail and resolves with the number that the script
 * prints. The scripts are killed when the test ends. Call it before the test's directory is made, since hooks run in
 * the same order. */
export function scriptsOf(t: TestContext): RunScript {
  const children: ChildProcess[] = [];
  t.after(() => {
    for (const child of children) child.kill('SIGKILL');
  });
  return async (arena, script, args) => {
    const command = jailed(arena.folder, [process.execPath, join(import.meta.dirname, script), ...args]);
    const [file, ...words] = command as [string, ...string[]];
    const child = spawn(file, words, { stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    return Number(await text(child.stdout));
  };
}

/** Starts to swap, and resolves after the first swap. `stop` ends it and resolves with the number of swaps. */
export async function startSwapping(run: RunScript, arena: Arena): Promise<{ stop: () => Promise<number> }> {
  const stop = join(arena.folder, 'stop');
  const swaps = run(arena, 'swapper.ts', [arena.root, arena.canary, stop]);
  await until('the first swap', () => lstatSync(arena.shared, { throwIfNoEntry: false })?.isSymbolicLink());
  return {
    stop: () => {
      writeFileSync(stop, '');
      return swaps;
    },
  };
}
