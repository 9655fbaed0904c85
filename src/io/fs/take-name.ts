/** Names in directories that other users can write to. */
import { posix } from 'node:path';
import { AT_FDCWD, errnoName, RENAME_EXCHANGE, RENAME_NOREPLACE, renameat2 } from '../os/libc.ts';
import { isClosedFolder } from './trusted-path.ts';

/** Tries to get a name that others make and remove all the time: each fails only if they do so between two system calls. */
const MAX_EXCHANGES = 1_000;

/** Gives `fresh` the name `path`, in one step, whatever has it. Returns whether something had it: that is at `fresh` then.
 * Throws where it cannot be moved, such as a mount point. */
export function takeName(fresh: string, path: string): boolean {
  for (let left = MAX_EXCHANGES; left > 0; left--) {
    if (renameat2(AT_FDCWD, fresh, AT_FDCWD, path, RENAME_EXCHANGE) === 0) return true;
    const code = errnoName();
    if (code !== 'ENOENT') throw new Error(`cannot be moved aside (${code})`);
    // Nothing has the name at this moment. If others take it again meanwhile, the exchange is tried again.
    if (renameat2(AT_FDCWD, fresh, AT_FDCWD, path, RENAME_NOREPLACE) === 0) return false;
  }
  throw new Error('is taken again and again');
}

/** Whether other users can have put something at `path`. */
export function isOpenToOthers(path: string): boolean {
  try {
    return !isClosedFolder(posix.dirname(path));
  } catch {
    // A symlink on the way that others can have put there.
    return true;
  }
}
