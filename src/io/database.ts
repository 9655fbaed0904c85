import {
  chmodSync,
  closeSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  mkdirSync,
  openSync,
  statSync,
  unlinkSync,
} from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { DaemonError, messageOf } from '../errors.ts';
import { checkPurpose } from './database-purpose.ts';
import { withHeldFile } from './held-file.ts';
import { migrate } from './migrations.ts';

const FOLDER_MODE = 0o2770;

/** Opens the shared database, made if it is missing, durable: WAL, every commit on disk before it returns. It never
 * waits for a lock once it is open: `lockPatience` (ms) is for opening alone. Throws DATABASE_UNUSABLE,
 * DATABASE_WITHOUT_ROOM, and SHADOW_DATABASE where it is not for `shadow` mode, or only for that. */
export function openDatabase(path: string, lockPatience: number, shadow = false): Database.Database {
  let database: Database.Database | undefined;
  try {
    makeDatabaseFolder(dirname(path));
    create(path);
    database = new Database(path, { timeout: lockPatience, fileMustExist: true });
    checkPurpose(database, path, shadow);
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
    migrate(database);
    shareLogs(path);
    database.pragma('busy_timeout = 0');
    // In KiB: SQLite's own default. better-sqlite3's is 16 MB, and what is read again is in the kernel's memory.
    database.pragma('cache_size = -2000');
    return database;
  } catch (error) {
    database?.close();
    throw databaseFailure(path, error);
  }
}

/** What SQLite says of a full disk; where only its own index of the log finds no room, it says that. */
const FULL = /^(SQLITE_FULL|SQLITE_IOERR_SHMSIZE|ENOSPC|EDQUOT)$/;

/** Why the database at `path` cannot be opened. */
export function databaseFailure(path: string, error: unknown): DaemonError {
  if (error instanceof DaemonError) return error;
  const isFull = FULL.test((error as { code?: string }).code ?? '');
  const code = isFull ? 'DATABASE_WITHOUT_ROOM' : 'DATABASE_UNUSABLE';
  return new DaemonError(code, `${path}: ${messageOf(error)}`, error);
}

/** The API server's user works in it through its group: whatever the umask, and with files of the same group. */
export function makeDatabaseFolder(folder: string): void {
  if (mkdirSync(folder, { recursive: true }) !== undefined) chmodSync(folder, FOLDER_MODE);
}

/** SQLite gives the two the owner of the database; where the daemon may not (without CAP_CHOWN), they are its own, and
 * another owner's server could not write: the group then has to do. */
function shareLogs(path: string): void {
  const owner = statSync(path).uid;
  for (const file of [`${path}-wal`, `${path}-shm`]) {
    withHeldFile(file, (found, name) => {
      // Who may write to the folder may have put another file of ours there.
      const isLog = found.isFile() && found.nlink === 1 && found.uid === process.geteuid?.();
      if (isLog && found.uid !== owner) chmodSync(name, found.mode | 0o060);
    });
  }
}

/** A new file belongs to the group of its folder and is writable as the folder is: the API server's user writes too.
 * SQLite gives its `-wal` and `-shm` files the same owner and mode. */
function create(path: string): void {
  let file: number;
  try {
    file = openSync(path, 'wx', 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return;
    throw error;
  }
  // By descriptor: who may write to the folder may have put something else at the path by now.
  try {
    const folder = statSync(dirname(path));
    if (folder.gid !== fstatSync(file).gid) giveTo(folder.gid, file);
    fchmodSync(file, (folder.mode & 0o666) | 0o660);
  } catch (error) {
    // What is not for its group would be taken by the next start, and shut the API server's user out.
    unlinkSync(path);
    throw error;
  } finally {
    closeSync(file);
  }
}

/** Without CAP_CHOWN only the folder itself can do that. */
function giveTo(group: number, file: number): void {
  try {
    fchownSync(file, -1, group);
  } catch (error) {
    const advice = 'chmod g+s the folder, or give it to the group of the daemon';
    throw new Error(
      `it cannot be given to the group of its folder, gid ${group} (${advice}): ${messageOf(error)}`,
    );
  }
}
