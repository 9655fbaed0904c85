/** The program under test: the sources, or the executable that DBCALM_CMD_EXECUTABLE names. */
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const MAIN = join(import.meta.dirname, '..', '..', 'src', 'main.ts');
const named = process.env.DBCALM_CMD_EXECUTABLE;
const EXECUTABLE = named ? resolve(named) : undefined;

/** Returns the words that start it, or those of another main, which only the sources have. */
export function programWords(main?: string): string[] {
  if (EXECUTABLE !== undefined && main === undefined) return [EXECUTABLE];
  return [process.execPath, '--conditions=development', main ?? MAIN];
}

/** Returns the working directory and the environment. The executable runs in an empty directory, without variables
 * for Node. */
export function surroundings(env: Readonly<Record<string, string>> = {}) {
  if (EXECUTABLE === undefined) return { env: { ...process.env, ...env } };
  emptyFolder ??= makeEmptyFolder();
  return { cwd: emptyFolder, env: { PATH: '/bin', ...env } };
}

let emptyFolder: string | undefined;

/** Fails at the end if the directory is no longer empty. */
function makeEmptyFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'dbcalm-cmd-empty-'));
  process.once('exit', () => rmdirSync(folder));
  return folder;
}
