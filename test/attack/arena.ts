/** Where the attack is made: all of it in the test's own folder, and whatever deletes or swaps in it in the jail. */
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
  /** Below the root; for some of the time a symlink to the canary. */
  readonly shared: string;
  /** Beside the root; holds all the names that `shared` holds. */
  readonly canary: string;
}

export function arenaIn(folder: string): Arena {
  const root = join(folder, 'backups');
  return { folder, root, shared: join(root, 'shared'), canary: join(folder, 'canary') };
}

/** Each name is a folder with a file in it, in both. */
export function prepareArena(folder: string, names: readonly string[]): Arena {
  const arena = arenaIn(folder);
  for (const path of names.flatMap((name) => [join(arena.shared, name), join(arena.canary, name)])) {
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, 'file'), path);
  }
  return arena;
}

export type RunScript = (arena: Arena, script: string, args: readonly string[]) => Promise<number>;

/** Gives what runs a script of this folder in the jail, and resolves with the number that it prints. All are killed
 * when the test ends: to be called before the test's folder is made, which goes in the same order. */
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

/** Starts the swapping, and resolves when it is at it; `stop` ends it, and tells how often it was done. */
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
