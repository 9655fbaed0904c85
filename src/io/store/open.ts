import { chmodSync, lstatSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { DaemonError, messageOf } from '../../errors.ts';
import { isClosedFolder, isOurs } from '../fs/trusted-path.ts';
import { migrate } from './migrations.ts';
import { checkPurpose } from './shadow-marker.ts';

const DIRECTORY_MODE = 0o700;
const FOR_OTHERS = 0o077;

/** KiB; SQLite's own default. better-sqlite3's is 16 MB, and what is read again is in the kernel's memory. */
const CACHE_KIB = 2_000;

/** Opens the daemon's own database, made if it is missing, durable: WAL, every commit on disk before it returns. It never
 * waits for a lock once it is open: `lockTimeoutMs` is for opening alone. Throws STATE_UNTRUSTED, DATABASE_UNUSABLE,
 * DATABASE_WITHOUT_ROOM, and SHADOW_DATABASE where it is not for `shadow` mode, or only for that. */
export function openJournalDatabase(path: string, lockTimeoutMs: number, shadow = false): Database.Database {
  let database: Database.Database | undefined;
  try {
    makeStateDirectory(path);
    database = new Database(path, { timeout: lockTimeoutMs });
    checkPurpose(database, path, shadow);
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
    migrate(database);
    database.pragma('busy_timeout = 0');
    database.pragma(`cache_size = -${CACHE_KIB}`);
    return database;
  } catch (error) {
    database?.close();
    throw databaseFailure(path, error);
  }
}

/** The directory of the journal is made for the daemon's user alone, and must be: everything in the journal is trusted. Throws
 * STATE_UNTRUSTED. */
export function makeStateDirectory(path: string): void {
  const directory = dirname(path);
  if (mkdirSync(directory, { recursive: true, mode: DIRECTORY_MODE }) !== undefined) {
    chmodSync(directory, DIRECTORY_MODE);
  }
  const found = lstatSync(directory);
  if (!found.isDirectory()) throw new DaemonError('STATE_UNTRUSTED', `${directory} is not a directory`);
  if (!isOurs(found)) throw new DaemonError('STATE_UNTRUSTED', `${directory} belongs to uid ${found.uid}`);
  if ((found.mode & FOR_OTHERS) !== 0) {
    const mode = (found.mode & 0o7777).toString(8);
    throw new DaemonError('STATE_UNTRUSTED', `${directory} has mode ${mode}, not 700`);
  }
  if (!isClosedFolder(directory)) {
    throw new DaemonError('STATE_UNTRUSTED', `other users can write to a directory above ${directory}`);
  }
}

/** SQLite's codes for a full disk; where only its index of the log finds no room, it says IOERR_SHMSIZE. */
const FULL = /^(SQLITE_FULL|SQLITE_IOERR_SHMSIZE|ENOSPC|EDQUOT)$/;

/** Why the database at `path` cannot be opened. */
export function databaseFailure(path: string, error: unknown): DaemonError {
  if (error instanceof DaemonError) return error;
  const isFull = FULL.test((error as { code?: string }).code ?? '');
  const code = isFull ? 'DATABASE_WITHOUT_ROOM' : 'DATABASE_UNUSABLE';
  return new DaemonError(code, `${path}: ${messageOf(error)}`, error);
}
