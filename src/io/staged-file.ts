import { constants } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DaemonError, messageOf } from '../errors.ts';

const FRESH = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/** Writes `content` to a new file, mode 0644, and waits until the disk has it. Leaves nothing behind on failure. */
export async function stageFile(path: string, content: string): Promise<void> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, FRESH, 0o600);
    await file.writeFile(content);
    await file.chmod(0o644);
    await file.sync();
  } catch (error) {
    if (file) await unstageFile(path);
    throw new DaemonError('STAGING_FAILED', messageOf(error), error);
  } finally {
    await file?.close();
  }
}

/** Removes a staged file that did not get to its place. */
export function unstageFile(path: string): Promise<void> {
  return rm(path, { force: true });
}

/** Makes the renames in the folder of `path` last. */
export async function syncFolderOf(path: string): Promise<void> {
  const folder = await open(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
