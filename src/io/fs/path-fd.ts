import { closeSync, constants, fstatSync, openSync, type Stats } from 'node:fs';

/** Linux's O_PATH: a descriptor of the file or directory itself, which no later rename can redirect. */
export const O_PATH = 0o10000000;

/** Gives `work` what is at `path`, never what a symlink there leads to, and a name for it that stays the same whatever
 * takes its place. Nothing if there is none. Closing it drops no lock of SQLite's, as an ordinary descriptor would. */
export function withHeldFile(path: string, work: (found: Stats, name: string) => void): void {
  let fd: number;
  try {
    fd = openSync(path, O_PATH | constants.O_NOFOLLOW);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  try {
    work(fstatSync(fd), `/proc/self/fd/${fd}`);
  } finally {
    closeSync(fd);
  }
}
