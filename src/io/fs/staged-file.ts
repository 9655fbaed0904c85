/** The file that takes the place of another one, `target`. Everything goes through a held descriptor of their directory and the
 * names in it, and the directory is held only where other users can change neither it nor a directory above it. */
import {
  closeSync,
  constants,
  fchmodSync,
  fsync,
  futimesSync,
  lstatSync,
  openSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { posix } from 'node:path';
import { promisify } from 'node:util';
import { asDaemonError, DaemonError, messageOf } from '../../errors.ts';
import { stagedName } from './names.ts';
import { type PinnedFolder, pinFolder, withNameIn } from './pinned-directory.ts';
import { closedObjection } from './trusted-path.ts';

const sync = (fd: number) => promisify(fsync)(fd);

const FRESH = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const MODE = 0o644;

/** Holds the directory of `target`; the caller closes it. Throws STAGING_FAILED where it is missing, and
 * CRON_DIRECTORY_UNSAFE where other users can change it. */
export function holdDirectoryOf(target: string): PinnedFolder {
  const path = posix.dirname(target);
  let held: PinnedFolder | undefined;
  try {
    held = pinFolder(path, [path]);
    if (held === undefined) throw new DaemonError('STAGING_FAILED', `ENOENT: there is no directory ${path}`);
    const objection = closedObjection(held.place);
    if (objection !== undefined) throw new DaemonError('CRON_DIRECTORY_UNSAFE', objection);
    return held;
  } catch (error) {
    if (held) closeSync(held.fd);
    const found = asDaemonError(error, 'STAGING_FAILED');
    if (found.code === 'FOLDER_MOVED') throw new DaemonError('CRON_DIRECTORY_UNSAFE', found.detail, error);
    if (found.code === 'FOLDER_UNREACHABLE') throw new DaemonError('STAGING_FAILED', found.detail, error);
    throw found;
  }
}

/** Returns why the directory of `target` cannot be held. */
export function directoryObjection(target: string): string | undefined {
  try {
    closeSync(holdDirectoryOf(target).fd);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

/** Writes `content` to a new file for `target`, mode 0644, and waits until the disk has it. Leaves nothing behind on failure.
 * cron programs notice a change by the mtime in whole seconds: the new one is at least one second later than that of the
 * file that is replaced. Only the wait for the disk is worth a thread of its own: the rest is the kernel's memory. */
export async function stageFile(
  directory: PinnedFolder,
  target: string,
  id: string,
  content: string,
): Promise<void> {
  const staged = stagedName(target, id);
  let file: number | undefined;
  try {
    const mtime = laterThan(directory, posix.basename(target));
    file = withNameIn(directory, staged, (path) => openSync(path, FRESH, 0o600));
    writeFileSync(file, content);
    fchmodSync(file, MODE);
    futimesSync(file, mtime, mtime);
    await sync(file);
  } catch (error) {
    if (file !== undefined) unlinkIn(directory, staged);
    throw new DaemonError('STAGING_FAILED', messageOf(error), error);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** Returns the later of now and the next whole second after the mtime of `name`, in seconds. */
function laterThan(directory: PinnedFolder, name: string): number {
  const replaced = withNameIn(directory, name, (path) => lstatSync(path, { throwIfNoEntry: false }));
  const now = Date.now() / 1_000;
  return replaced === undefined ? now : Math.max(now, Math.floor(replaced.mtimeMs / 1_000) + 1);
}

/** Removes the file that was staged for `target` and did not get to its place. Where the directory cannot be held, nothing was
 * staged, or it is not ours to touch any more. */
export function unstageFile(target: string, id: string): void {
  const staged = stagedName(target, id);
  let directory: PinnedFolder;
  try {
    directory = holdDirectoryOf(target);
  } catch {
    return;
  }
  try {
    unlinkIn(directory, staged);
  } finally {
    closeSync(directory.fd);
  }
}

/** Waits until the disk has the names in the directory of `target`. */
export async function syncDirectoryOf(target: string): Promise<void> {
  const directory = holdDirectoryOf(target);
  try {
    await syncDirectory(directory);
  } finally {
    closeSync(directory.fd);
  }
}

/** Waits until the disk has the names in `directory`. A descriptor of O_PATH cannot be synced itself. */
export async function syncDirectory({ fd }: PinnedFolder): Promise<void> {
  const readable = openSync(`/proc/self/fd/${fd}`, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await sync(readable);
  } finally {
    closeSync(readable);
  }
}

function unlinkIn(directory: PinnedFolder, name: string): void {
  try {
    withNameIn(directory, name, (path) => unlinkSync(path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
