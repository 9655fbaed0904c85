/** Opens the database that is shared with the API server. Members of its group can put anything into its directory, at any moment:
 * links, pipes, journals, other databases. What SQLite opens here must neither lead root anywhere else nor hold it up. */
import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  type Stats,
  statSync,
  unlinkSync,
} from 'node:fs';
import { posix } from 'node:path';
import Database from 'better-sqlite3';
import { DaemonError, messageOf } from '../../errors.ts';
import { O_PATH, withHeldFile } from '../fs/path-fd.ts';
import { rootPlace } from '../fs/trusted-path.ts';
import { databaseFailure } from '../store/open.ts';
import { checkPurpose } from '../store/shadow-marker.ts';
import { reserveDatabase, reserveForReading, unreserveDatabase } from './reserved-lock.ts';

/** For the group. Not sticky: with `fs.protected_regular=2`, Debian's default, root could not open a `-wal` there that another member
 * made. */
const DIRECTORY_MODE = 0o2770;
const { O_RDONLY, O_RDWR, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_DIRECTORY } = constants;

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
    const file = openPlain(directory, name, O_RDONLY);
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

interface Directory {
  readonly fd: number;
  /** Its real path. */
  readonly place: string;
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
  let database: Database.Database | undefined;
  const place = posix.join(directory.place, name);
  try {
    reserveDatabase(file);
    checkSiblings(directory, name);
    database = openVerified(place, file, { timeout: lockTimeoutMs });
    if (database.pragma('journal_mode', { simple: true }) !== 'wal') {
      convertToWal(database, file);
      reserveDatabase(file);
      database = openVerified(place, file, { timeout: lockTimeoutMs });
    }
    if (shadow) checkPurpose(database, path, shadow);
    database.pragma('synchronous = NORMAL');
    database.pragma('busy_timeout = 0');
    database.pragma(`cache_size = -${CACHE_KIB}`);
    shareLogs(directory, name, fstatSync(file));
    return { database, release: () => closeSync(file) };
  } catch (error) {
    database?.close();
    closeSync(file);
    throw error;
  }
}

/** The API server's user works in it through its group: whatever the umask, and with files of the same group. */
function makeDirectory(path: string): void {
  if (mkdirSync(path, { recursive: true }) !== undefined) chmodSync(path, DIRECTORY_MODE);
}

/** A link on the way is followed only where no user but root and the daemon's own can have put it. */
function holdDirectory(path: string): Directory {
  const place = rootPlace(path);
  const fd = openSync(place, O_PATH | O_DIRECTORY | O_NOFOLLOW);
  const opened = readlinkSync(`/proc/self/fd/${fd}`);
  if (opened === place) return { fd, place };
  closeSync(fd);
  throw new DaemonError('SHARED_DATABASE_UNSAFE', `${place} leads to ${opened}`);
}

/** The database file itself, by descriptor; made where it is missing. */
function holdFile(directory: Directory, name: string): number {
  for (;;) {
    try {
      return openPlain(directory, name, O_RDWR);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    create(directory, name);
  }
}

/** A plain file of one name. A pipe there is not waited for. */
function openPlain(directory: Directory, name: string, access: number): number {
  const path = `/proc/self/fd/${directory.fd}/${name}`;
  let fd: number;
  try {
    fd = openSync(path, access | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ELOOP') throw unsafe(directory, name, 'a symlink');
    throw namedError(error, path, directory, name);
  }
  const found = fstatSync(fd);
  if (found.isFile() && found.nlink === 1) return fd;
  closeSync(fd);
  throw unsafe(directory, name, describe(found));
}

/** A new file belongs to the group of its directory and is writable as the directory is: the API server's user writes too.
 * SQLite gives its `-wal` and `-shm` files the same owner and mode. */
function create(directory: Directory, name: string): void {
  const path = `/proc/self/fd/${directory.fd}/${name}`;
  let file: number;
  try {
    file = openSync(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return;
    throw namedError(error, path, directory, name);
  }
  try {
    const above = statSync(`/proc/self/fd/${directory.fd}`);
    if (above.gid !== fstatSync(file).gid) giveTo(above.gid, file);
    fchmodSync(file, (above.mode & 0o666) | 0o660);
  } catch (error) {
    // A file that is not for its group would be taken by the next start, and shut the API server's user out.
    unlinkSync(path);
    throw error;
  } finally {
    closeSync(file);
  }
}

/** Without CAP_CHOWN only the directory itself can do that. */
function giveTo(group: number, file: number): void {
  try {
    fchownSync(file, -1, group);
  } catch (error) {
    const advice = 'chmod g+s the directory, or give it to the group of the daemon';
    throw new Error(
      `it cannot be given to the group of its directory, gid ${group} (${advice}): ${messageOf(error)}`,
    );
  }
}

/** SQLite opens these by name; it follows no links there, but it writes to a file of two names, and waits for a pipe. */
function checkSiblings(directory: Directory, name: string): void {
  for (const suffix of ['-wal', '-shm', '-journal']) {
    withHeldFile(`/proc/self/fd/${directory.fd}/${name}${suffix}`, (found, held) => {
      if (!found.isFile() || found.nlink !== 1) throw unsafe(directory, name + suffix, describe(found));
      if (suffix === '-journal' && hasContent(held)) {
        throw unsafe(directory, name + suffix, 'the rollback journal of a transaction that did not end');
      }
    });
  }
}

/** SQLite overwrites the first byte of a journal with 0 when its transaction has ended. */
function hasContent(path: string): boolean {
  const fd = openSync(path, O_RDONLY | O_NONBLOCK);
  try {
    const first = Buffer.alloc(1);
    return readSync(fd, first, 0, 1, 0) === 1 && first[0] !== 0;
  } finally {
    closeSync(fd);
  }
}

/** Opens `place` and makes sure, before anything is read, that SQLite has the file behind `file`: in between, another could have been
 * put there. Code in the schema is not run with the rights of the daemon. */
function openVerified(place: string, file: number, options: Database.Options): Database.Database {
  const before = countDescriptors(file);
  const database = new Database(place, { ...options, fileMustExist: true });
  if (countDescriptors(file) === before) {
    database.close();
    throw new DaemonError('SHARED_DATABASE_UNSAFE', `${place} was replaced while it was opened`);
  }
  database.pragma('trusted_schema = OFF');
  database.pragma('foreign_keys = OFF');
  database.pragma('cell_size_check = ON');
  return database;
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

/** SQLite gives the two the owner of the database; where the daemon may not (without CAP_CHOWN), they are its own, and the API server
 * of another owner could not write: the group then has to do. */
function shareLogs(directory: Directory, name: string, { uid: owner }: Stats): void {
  for (const suffix of ['-wal', '-shm']) {
    withHeldFile(`/proc/self/fd/${directory.fd}/${name}${suffix}`, (found, held) => {
      // A member of the group may have put another file of ours there.
      const isLog = found.isFile() && found.nlink === 1 && found.uid === process.geteuid?.();
      if (isLog && found.uid !== owner) chmodSync(held, found.mode | 0o060);
    });
  }
}

function describe(found: Stats): string {
  if (found.isSymbolicLink()) return 'a symlink';
  return found.isFile() ? `a file with ${found.nlink} names` : 'not a plain file';
}

function unsafe({ place }: Directory, name: string, what: string): DaemonError {
  return new DaemonError('SHARED_DATABASE_UNSAFE', `${posix.join(place, name)} is ${what}`);
}

/** The system's error with the path that everybody knows. */
function namedError(error: unknown, path: string, { place }: Directory, name: string): unknown {
  if (error instanceof Error) error.message = error.message.replaceAll(path, posix.join(place, name));
  return error;
}
