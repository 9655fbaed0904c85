/** The log files that the lines of the cron file append to. The shell of cron opens them as root, and follows whatever is in
 * their place: so they are there, as plain files of root's, before a line names them, in a directory where no other user can
 * replace them. */
import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  rmdirSync,
  type Stats,
} from 'node:fs';
import { posix } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { asDaemonError, DaemonError } from '../../errors.ts';
import { type PinnedFolder, pinFolder, withNameIn } from './pinned-directory.ts';
import { syncDirectory } from './staged-file.ts';
import { isOurs, stickyObjection } from './trusted-path.ts';

export interface CronLogs {
  readonly directory: string;
  readonly names: readonly string[];
}

const FRESH = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const FILE_MODE = 0o640;
/** Setgid, sticky, and nothing for others: as the package makes it. */
const DIRECTORY_MODE = 0o3770;
/** How many files are handled before the event loop continues: each takes a tenth of a millisecond. */
const FILES_A_TURN = 50;

/** Creates the files that are missing, and their directory. Throws CRON_LOGS_UNSAFE, CRON_LOG_OCCUPIED and
 * CRON_LOGS_UNWRITABLE. */
export async function prepareCronLogs({ directory: path, names }: CronLogs): Promise<void> {
  try {
    const directory = holdLogDirectory(path) ?? makeLogDirectory(path);
    try {
      const missing = await missingIn(directory, names);
      for (const [index, name] of missing.entries()) {
        if (index % FILES_A_TURN === FILES_A_TURN - 1) await setImmediate();
        createLog(directory, name);
      }
      // A power cut must not leave a crontab whose logs are missing.
      if (missing.length > 0) await syncDirectory(directory);
    } finally {
      closeSync(directory.fd);
    }
  } catch (error) {
    throw asDaemonError(error, 'CRON_LOGS_UNWRITABLE');
  }
}

/** Returns what prepareCronLogs would throw because of what is there. Creates nothing. */
export async function cronLogsObjection({
  directory: path,
  names,
}: CronLogs): Promise<DaemonError | undefined> {
  let directory: PinnedFolder | undefined;
  try {
    directory = holdLogDirectory(path);
    if (directory) await missingIn(directory, names);
    return undefined;
  } catch (error) {
    return asDaemonError(error, 'CRON_LOGS_UNWRITABLE');
  } finally {
    if (directory) closeSync(directory.fd);
  }
}

/** Undefined where there is none. */
function holdLogDirectory(path: string): PinnedFolder | undefined {
  const directory = pin(path);
  if (directory === undefined) return undefined;
  try {
    const objection = stickyObjection(directory.place);
    if (objection !== undefined) throw new DaemonError('CRON_LOGS_UNSAFE', objection);
    return directory;
  } catch (error) {
    closeSync(directory.fd);
    throw error;
  }
}

function pin(path: string): PinnedFolder | undefined {
  try {
    return pinFolder(path, [path]);
  } catch (error) {
    if (!(error instanceof DaemonError)) throw error;
    const code = error.code === 'FOLDER_MOVED' ? 'CRON_LOGS_UNSAFE' : 'CRON_LOGS_UNWRITABLE';
    throw new DaemonError(code, error.detail, error);
  }
}

function makeLogDirectory(path: string): PinnedFolder {
  const above = pin(posix.dirname(path));
  if (above === undefined) {
    throw new DaemonError('CRON_LOGS_UNWRITABLE', `${posix.dirname(path)} does not exist`);
  }
  const name = posix.basename(path);
  try {
    withNameIn(above, name, (made) => mkdirSync(made, 0o700));
    try {
      return openToGroup(path);
    } catch (error) {
      withNameIn(above, name, (made) => rmdirSync(made));
      throw error;
    }
  } finally {
    closeSync(above.fd);
  }
}

function openToGroup(path: string): PinnedFolder {
  const directory = holdLogDirectory(path);
  if (directory === undefined) throw new DaemonError('CRON_LOGS_UNSAFE', `${path} was removed again`);
  try {
    withNameIn(directory, '.', (made) => chmodSync(made, DIRECTORY_MODE));
    return directory;
  } catch (error) {
    closeSync(directory.fd);
    throw error;
  }
}

/** Throws CRON_LOG_OCCUPIED for the first that is there and is not a plain file that root alone can replace. */
async function missingIn(directory: PinnedFolder, names: readonly string[]): Promise<string[]> {
  const missing: string[] = [];
  for (const [index, name] of names.entries()) {
    if (index % FILES_A_TURN === FILES_A_TURN - 1) await setImmediate();
    const found = withNameIn(directory, name, (path) => lstatSync(path, { throwIfNoEntry: false }));
    const objection = found && objectionTo(found);
    if (objection !== undefined) throw occupied(directory, name, objection);
    if (found === undefined) missing.push(name);
  }
  return missing;
}

function objectionTo(found: Stats): string | undefined {
  if (found.isSymbolicLink()) return 'is a symlink';
  if (!found.isFile()) return 'is not a regular file';
  if (!isOurs(found)) return `belongs to uid ${found.uid}`;
  if (found.nlink !== 1) return `has ${found.nlink} hard links`;
  if ((found.mode & constants.S_IWOTH) !== 0) return 'is writable for all users';
  return undefined;
}

function createLog(directory: PinnedFolder, name: string): void {
  const file = withNameIn(directory, name, (path) => {
    try {
      return openSync(path, FRESH, 0o600);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      throw occupied(directory, name, 'was just created by another user');
    }
  });
  try {
    giveToGroup(file, fstatSync(directory.fd).gid);
    fchmodSync(file, FILE_MODE);
  } finally {
    closeSync(file);
  }
}

/** A daemon without CAP_CHOWN cannot where the directory is neither setgid nor of its own group: the file stays in its group. */
function giveToGroup(file: number, gid: number): void {
  if (fstatSync(file).gid === gid) return;
  try {
    fchownSync(file, -1, gid);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error;
  }
}

function occupied({ place }: PinnedFolder, name: string, why: string): DaemonError {
  return new DaemonError('CRON_LOG_OCCUPIED', `${posix.join(place, name)} ${why}`);
}
