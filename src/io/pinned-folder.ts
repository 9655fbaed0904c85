import { closeSync, constants, lstatSync, openSync, readlinkSync, realpathSync } from 'node:fs';
import { posix } from 'node:path';
import { DaemonError, messageOf } from '../errors.ts';
import { isBelow } from './paths.ts';

/** Linux's O_PATH: a name for the folder itself, which no later swap of a component can redirect. */
const O_PATH = 0o10000000;
const PIN = O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW;

export interface PinnedFolder {
  readonly fd: number;
  readonly path: string;
}

/** Holds the folder at `path` by descriptor, after making sure that it is the one at this very place below (or at)
 * one of `roots`. Undefined if there is none. The caller closes it. */
export function pinFolder(path: string, roots: readonly string[]): PinnedFolder | undefined {
  let fd: number;
  try {
    fd = openSync(path, PIN);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || (code === 'ENOTDIR' && !isSymlink(path))) return undefined;
    if (code === 'ENOTDIR' || code === 'ELOOP')
      throw new DaemonError('FOLDER_MOVED', `${path} is a symlink`, error);
    throw new DaemonError('FOLDER_UNREACHABLE', messageOf(error), error);
  }
  try {
    const opened = readlinkSync(`/proc/self/fd/${fd}`);
    const expected = places(path, roots);
    if (!expected.includes(opened)) {
      throw new DaemonError('FOLDER_MOVED', `${path} leads to ${opened}`);
    }
    return { fd, path };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** Where `path` must really be: roots are the operator's and may be symlinks, what is below them may not. */
function places(path: string, roots: readonly string[]): string[] {
  const above = roots.filter((root) => path === root || isBelow(path, root));
  return above.map((root) => posix.join(realpathSync(root), posix.relative(root, path)));
}

/** O_DIRECTORY answers alike for a symlink and for a plain file; `rm -f` counts what is below a file as absent. */
function isSymlink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
}
