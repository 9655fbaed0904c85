/** The files of the shared database: its directory, the database, `-wal`, `-shm` and `-journal`. All are held by descriptor, none by name. */
import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  mkdirSync,
  openSync,
  readlinkSync,
  readSync,
  type Stats,
  statSync,
  unlinkSync,
} from 'node:fs';
import { posix } from 'node:path';
import { DaemonError, messageOf } from '../../errors.ts';
import { O_PATH, withHeldFile } from '../fs/path-fd.ts';
import { rootPlace } from '../fs/trusted-path.ts';

/** For the group. Not sticky: with `fs.protected_regular=2`, Debian's default, root could not open a `-wal` there that another member
 * made. */
const DIRECTORY_MODE = 0o2770;
const { O_RDONLY, O_RDWR, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_DIRECTORY } = constants;

/** The bytes in the header of a database in WAL mode. Source: fileformat2.html of SQLite. */
const FORMAT_AT = 18;
const FORMAT_WAL = Buffer.from([2, 2]);

export interface Directory {
  readonly fd: number;
  /** Its real path. */
  readonly place: string;
}

/** The API server's user works in it through its group: whatever the umask, and with files of the same group. */
export function makeDirectory(path: string): void {
  if (mkdirSync(path, { recursive: true }) !== undefined) chmodSync(path, DIRECTORY_MODE);
}

/** A link on the way is followed only where no user but root and the daemon's own can have put it. */
export function holdDirectory(path: string): Directory {
  const place = rootPlace(path);
  const fd = openSync(place, O_PATH | O_DIRECTORY | O_NOFOLLOW);
  const opened = readlinkSync(`/proc/self/fd/${fd}`);
  if (opened === place) return { fd, place };
  closeSync(fd);
  throw new DaemonError('SHARED_DATABASE_UNSAFE', `${place} leads to ${opened}`);
}

/** The database file itself, by descriptor; made where it is missing. */
export function holdFile(directory: Directory, name: string): number {
  for (;;) {
    try {
      return openPlain(directory, name, O_RDWR);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    const made = create(directory, name);
    if (made !== undefined) closeSync(made);
  }
}

/** A plain file of one name. A pipe there is not waited for. */
export function openPlain(directory: Directory, name: string, access: number): number {
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

/** A new file belongs to the group of its directory and is writable as the directory is: the API server's user writes too. Returns its
 * descriptor; undefined where there is one already. */
function create(directory: Directory, name: string): number | undefined {
  const path = `/proc/self/fd/${directory.fd}/${name}`;
  let file: number;
  try {
    file = openSync(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return undefined;
    throw namedError(error, path, directory, name);
  }
  try {
    const { gid } = statSync(`/proc/self/fd/${directory.fd}`);
    if (gid !== fstatSync(file).gid) giveTo(gid, file);
    fchmodSync(file, groupMode(directory));
    return file;
  } catch (error) {
    // A file that is not for its group would be taken by the next start, and shut the API server's user out.
    unlinkSync(path);
    closeSync(file);
    throw error;
  }
}

const groupMode = ({ fd }: Directory) => (statSync(`/proc/self/fd/${fd}`).mode & 0o666) | 0o660;

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

/** Makes `-wal` and `-shm` for the group, where they are missing. Returns the descriptors of those that it made. Without WAL mode they must
 * not be there. */
export function makeLogs(directory: Directory, name: string, file: number): number[] {
  const header = Buffer.alloc(FORMAT_AT + FORMAT_WAL.length);
  readSync(file, header, 0, header.length, 0);
  if (!header.subarray(FORMAT_AT).equals(FORMAT_WAL)) return [];
  return ['-wal', '-shm'].flatMap((suffix) => create(directory, name + suffix) ?? []);
}

/** SQLite gives an empty log the mode and, where it may, the owner of the database. Where it may not (without CAP_CHOWN), the log stays the
 * daemon's, and an API server of another user could not write. */
export function shareLogs(logs: readonly number[]): void {
  for (const log of logs) fchmodSync(log, fstatSync(log).mode | 0o060);
}

/** SQLite opens these by name; it follows no links there, but it writes to a file of two names, and waits for a pipe. */
export function checkSiblings(directory: Directory, name: string): void {
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
