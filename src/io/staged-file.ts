import { closeSync, constants, fchmodSync, fsync, openSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { DaemonError, messageOf } from '../errors.ts';

const sync = (fd: number) => promisify(fsync)(fd);

const FRESH = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/** Writes `content` to a new file, mode 0644, and waits until the disk has it. Leaves nothing behind on failure. Only the
 * wait for the disk is worth a thread of its own: the rest is the kernel's memory. */
export async function stageFile(path: string, content: string): Promise<void> {
  let file: number | undefined;
  try {
    file = openSync(path, FRESH, 0o600);
    writeFileSync(file, content);
    fchmodSync(file, 0o644);
    await sync(file);
  } catch (error) {
    if (file !== undefined) await unstageFile(path);
    throw new DaemonError('STAGING_FAILED', messageOf(error), error);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** Removes a staged file that did not get to its place. */
export function unstageFile(path: string): Promise<void> {
  return rm(path, { force: true });
}

/** Makes the renames in the folder of `path` last. */
export async function syncFolderOf(path: string): Promise<void> {
  const folder = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await sync(folder);
  } finally {
    closeSync(folder);
  }
}
