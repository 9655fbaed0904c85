import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readlinkSync,
  rmSync,
  type Stats,
  statSync,
} from 'node:fs';
import { posix } from 'node:path';
import { nanoid } from 'nanoid';
import { DaemonError, messageOf } from '../../errors.ts';
import { type PinnedFolder, pinFolder, withNameIn } from '../fs/pinned-directory.ts';
import { takeName } from '../fs/take-name.ts';
import { isClosedFolder, isOurs } from '../fs/trusted-path.ts';

const { O_WRONLY, O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY } = constants;
/** O_NONBLOCK: an open of a pipe without a reader must not block. */
const OPENING = O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_NOCTTY;
const MODE = 0o640;
const OPENING_OURS = (OPENING & ~O_CREAT) | O_NOFOLLOW;
const MAKING = OPENING | O_EXCL | O_NOFOLLOW;
/** As many as Linux follows. */
const MAX_LINKS = 40;

export interface OpenedLog {
  readonly fd: number;
  /** Says what had the name of the file before, and which name that has now; undefined where the name was free or ours. */
  readonly setAside: string | undefined;
}

/** Opens the file that lines are appended to, and makes it and its directory where they are missing. A plain file that is ours
 * alone is taken anywhere. A link, a pipe, a device, a file of another user or with a second name is taken only in a directory
 * that only we and root can write to. In any other directory another user can have put it there, to have root write elsewhere
 * or not at all: a new file takes its name in one step, and it is kept under another. Throws LOG_OCCUPIED, and what the system
 * says. */
export function openLogFile(file: string, links = MAX_LINKS): OpenedLog {
  const folder = holdFolder(posix.dirname(file));
  try {
    return withNameIn(folder, posix.basename(file), (path) => openIn(folder.place, path, file, links));
  } finally {
    closeSync(folder.fd);
  }
}

/** Returns why the existing file is not usable as a log; undefined if it is. Opens and creates nothing. */
export function logFileObjection(file: string, links = MAX_LINKS): string | undefined {
  const found = lstatSync(file, { throwIfNoEntry: false });
  const folder = posix.dirname(file);
  if (!found || isOursAlone(found)) return undefined;
  if (!isClosedFolder(folder) || (found.isSymbolicLink() && !isOurs(found))) return describe(found);
  if (!found.isSymbolicLink() || links === 0) return undefined;
  return logFileObjection(posix.resolve(folder, readlinkSync(file)), links - 1);
}

/** True if `file` still names the file that is open as `fd`. It does not after a rotation, or if another user replaced it. */
export function isLogInPlace(file: string, fd: number): boolean {
  try {
    // The objection first: what others have put there is not followed.
    if (logFileObjection(file) !== undefined) return false;
    const [found, open] = [statSync(file), fstatSync(fd)];
    return found.dev === open.dev && found.ino === open.ino;
  } catch {
    return false;
  }
}

/** `path` leads through the descriptor of the directory, whose real path is `place`. */
function openIn(place: string, path: string, file: string, links: number): OpenedLog {
  if (!isClosedFolder(place)) return openAmongOthers(path, file);
  const fd = openUnlessLink(path);
  if (fd !== undefined) {
    // Where this still holds, no other user can have put anything else there since.
    if (isOursAlone(fstatSync(fd)) || isClosedFolder(place)) return { fd, setAside: undefined };
    closeSync(fd);
    return openAmongOthers(path, file);
  }
  const link = lstatSync(path);
  if (!isClosedFolder(place) || !isOurs(link)) throw occupied(`${file} is ${describe(link)}`);
  if (links === 0) throw new Error(`${file} leads in a circle`);
  // As /dev/stderr: what it leads to is open, and may have no name.
  if (place.startsWith('/proc/')) return { fd: openSync(path, OPENING, MODE), setAside: undefined };
  return openLogFile(posix.resolve(place, readlinkSync(path)), links - 1);
}

/** In a directory that others can write to. */
function openAmongOthers(path: string, file: string): OpenedLog {
  const fd = openOurs(path);
  return fd === undefined ? takePlace(path, file) : { fd, setAside: undefined };
}

/** Undefined where what is there is not ours alone, whatever opening it would say. */
function openOurs(path: string): number | undefined {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found && !isOursAlone(found)) return undefined;
  let fd: number;
  try {
    fd = openSync(path, found ? OPENING_OURS : MAKING, MODE);
  } catch {
    // Another user was faster. Any other reason also keeps a new file from being made, and is reported there.
    return undefined;
  }
  if (isOursAlone(fstatSync(fd))) return fd;
  closeSync(fd);
  return undefined;
}

/** Exchanges a new file with what has the name, in one step: at no moment the name is free for others. */
function takePlace(path: string, file: string): OpenedLog {
  const suffix = `.occupied-${nanoid(8)}`;
  const fresh = path + suffix;
  const fd = openSync(fresh, MAKING, MODE);
  try {
    if (!takeName(fresh, path)) return { fd, setAside: undefined };
  } catch (error) {
    closeSync(fd);
    rmSync(fresh, { force: true });
    throw occupied(`${file} ${messageOf(error)}`);
  }
  // Its owner may have removed it again.
  const found = lstatSync(fresh, { throwIfNoEntry: false });
  const what = found ? describe(found) : 'something that is gone again';
  return { fd, setAside: `${file} was ${what}; it is ${file}${suffix} now` };
}

function openUnlessLink(path: string): number | undefined {
  try {
    return openSync(path, OPENING | O_NOFOLLOW, MODE);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ELOOP') return undefined;
    throw error;
  }
}

function holdFolder(path: string): PinnedFolder {
  try {
    return pinFolder(path, [path]) ?? makeFolder(path);
  } catch (error) {
    if (!(error instanceof DaemonError)) throw error;
    if (error.code === 'FOLDER_MOVED') throw new DaemonError('LOG_OCCUPIED', error.detail, error);
    throw error.cause ?? error;
  }
}

/** Creates the directories one after the other, each in its open parent: no other user can redirect them. */
function makeFolder(path: string): PinnedFolder {
  const above = holdFolder(posix.dirname(path));
  try {
    withNameIn(above, posix.basename(path), (name) => mkdirSync(name));
  } finally {
    closeSync(above.fd);
  }
  return holdFolder(path);
}

function isOursAlone(found: Stats): boolean {
  return found.isFile() && found.nlink === 1 && isOurs(found);
}

const occupied = (detail: string) => new DaemonError('LOG_OCCUPIED', detail);

function describe(found: Stats): string {
  const also = 'and others can have put it there';
  if (found.isSymbolicLink()) return `a symlink, ${also}`;
  if (!found.isFile()) return `no plain file, ${also}`;
  return isOurs(found) ? `a file of ${found.nlink} names, ${also}` : `a file of uid ${found.uid}, ${also}`;
}
