/** Opens the database that is shared with the API server. Members of its group can put anything into its directory, at any moment:
 * links, pipes, journals, other databases. What SQLite opens here must neither lead root anywhere else nor hold it up. */
import { closeSync, constants, fstatSync, lstatSync, readdirSync, statSync } from 'node:fs';
import { posix } from 'node:path';
import Database from 'better-sqlite3';
import { DaemonError } from '../../errors.ts';
import { databaseFailure } from '../store/open.ts';
import { checkPurpose } from '../store/shadow-marker.ts';
import {
  checkSiblings,
  type Directory,
  holdDirectory,
  holdFile,
  makeDirectory,
  makeLogs,
  openPlain,
  shareLogs,
} from './files.ts';
import { reserveDatabase, reserveForReading, unreserveDatabase } from './reserved-lock.ts';

/** KiB; SQLite's own default. */
const CACHE_KIB = 2_000;

export interface SharedDatabase {
  readonly database: Database.Database;
  /** To be called once the database is closed, and not before: closing a file drops this process's locks on it. */
  readonly release: () => void;
}

/** Opens it, made if it is missing. Commits reach the disk with a checkpoint, not each by itself: the journal has them. It never
 * waits for a lock once it is open: `lockTimeoutMs` is for opening alone. Throws SHARED_DATABASE_UNSAFE, DATABASE_UNUSABLE,
 * DATABASE_WITHOUT_ROOM, and SHADOW_DATABASE where a daemon in `shadow` mode finds the database of another. */
export function openSharedDatabase(path: string, lockTimeoutMs: number, shadow = false): SharedDatabase {
  try {
    makeDirectory(posix.dirname(path));
    const directory = holdDirectory(posix.dirname(path));
    try {
      return openIn(directory, posix.basename(path), { path, lockTimeoutMs, shadow });
    } finally {
      closeSync(directory.fd);
    }
  } catch (error) {
    throw databaseFailure(path, error);
  }
}

/** Opens it for reading alone, with the same care. Throws SHARED_DATABASE_UNSAFE, and what the system and SQLite say. */
export function openSharedForReading(path: string): SharedDatabase {
  const directory = holdDirectory(posix.dirname(path));
  try {
    const name = posix.basename(path);
    const file = openPlain(directory, name, constants.O_RDONLY);
    try {
      reserveForReading(file);
      checkSiblings(directory, name);
      const database = openVerified(posix.join(directory.place, name), file, { readonly: true });
      return { database, release: () => closeSync(file) };
    } catch (error) {
      closeSync(file);
      throw error;
    }
  } finally {
    closeSync(directory.fd);
  }
}

interface Opening {
  readonly path: string;
  readonly lockTimeoutMs: number;
  readonly shadow: boolean;
}

function openIn(
  directory: Directory,
  name: string,
  { path, lockTimeoutMs, shadow }: Opening,
): SharedDatabase {
  const file = holdFile(directory, name);
  const held = [file];
  const release = () => {
    for (const fd of held) closeSync(fd);
  };
  const place = posix.join(directory.place, name);
  const open = () => {
    reserveDatabase(file);
    checkSiblings(directory, name);
    const logs = makeLogs(directory, name, file);
    held.push(...logs);
    return { database: openVerified(place, file, { timeout: lockTimeoutMs }), logs };
  };
  let opened: ReturnType<typeof open> | undefined;
  try {
    opened = open();
    if (opened.database.pragma('journal_mode', { simple: true }) !== 'wal') {
      convertToWal(opened.database, file);
      opened = open();
    }
    const { database, logs } = opened;
    if (shadow) checkPurpose(database, path, shadow);
    database.pragma('synchronous = NORMAL');
    database.pragma('busy_timeout = 0');
    database.pragma(`cache_size = -${CACHE_KIB}`);
    shareLogs(logs);
    return { database, release };
  } catch (error) {
    opened?.database.close();
    release();
    throw error;
  }
}

/** Opens `place` and makes sure, before anything is read, that SQLite has the file behind `file` and took no symlink to it: in between,
 * another could have been put there. SQLite resolves symlinks and opens `-wal` and `-shm` beside what they lead to. Code in the schema is
 * not run with the rights of the daemon. */
function openVerified(place: string, file: number, options: Database.Options): Database.Database {
  const before = countDescriptors(file);
  const database = new Database(place, { ...options, fileMustExist: true });
  if (countDescriptors(file) === before || resolvedPath(database) !== place || !isAt(place, file)) {
    database.close();
    throw new DaemonError('SHARED_DATABASE_UNSAFE', `${place} was replaced while it was opened`);
  }
  database.pragma('trusted_schema = OFF');
  database.pragma('foreign_keys = OFF');
  database.pragma('cell_size_check = ON');
  return database;
}

/** The path that SQLite opened, with symlinks resolved. Reads nothing from the file. */
function resolvedPath(database: Database.Database): string | undefined {
  const [main] = database.pragma('database_list') as { readonly file: string }[];
  return main?.file;
}

/** Whether the file itself has the path, and no other one. */
function isAt(place: string, file: number): boolean {
  const { ino, dev } = fstatSync(file);
  const found = lstatSync(place, { throwIfNoEntry: false });
  return found?.ino === ino && found.dev === dev && found.nlink === 1;
}

/** How many descriptors of this process lead to the file behind `file`. */
function countDescriptors(file: number): number {
  const { ino, dev } = fstatSync(file);
  const isSame = (fd: string) => {
    const found = statSync(`/proc/self/fd/${fd}`, { throwIfNoEntry: false });
    return found?.ino === ino && found.dev === dev;
  };
  return readdirSync('/proc/self/fd').filter(isSame).length;
}

/** A database that the API server made may be in rollback mode. The connection keeps its read lock from the first look on: from then
 * on SQLite does not look for the journal of a crash again, and the lock of `file` can make way for SQLite's own. */
function convertToWal(database: Database.Database, file: number): void {
  try {
    database.pragma('locking_mode = EXCLUSIVE');
    database.prepare('SELECT count(*) FROM sqlite_schema').get();
    unreserveDatabase(file);
    const mode = database.pragma('journal_mode = WAL', { simple: true });
    if (mode !== 'wal') throw new Error(`journal_mode stays ${mode}`);
  } finally {
    database.close();
  }
}
