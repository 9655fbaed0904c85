import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readlinkSync,
  type Stats,
} from 'node:fs';
import { posix } from 'node:path';
import { DaemonError } from '../errors.ts';
import { type PinnedFolder, pinFolder, withNameIn } from './pinned-folder.ts';
import { isClosedFolder, isOurs } from './root-place.ts';

const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY } = constants;
/** A pipe that nobody reads is not waited for. */
const OPENING = O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_NOCTTY;
const MODE = 0o640;
/** As many as Linux follows. */
const MAX_LINKS = 40;

/** Opens what lines are appended to; it and its folder are made where they are missing. A plain file that is ours alone is
 * taken anywhere. A link, a pipe, a device, a file of another user or with a second name is taken only in a folder that
 * nobody but we and root can write to: elsewhere somebody could have put it there to have root write to what is not his.
 * Throws LOG_OCCUPIED, and what the system says. */
export function openLogFile(file: string, links = MAX_LINKS): number {
  const folder = holdFolder(posix.dirname(file));
  try {
    return withNameIn(folder, posix.basename(file), (path) => openIn(folder.place, path, file, links));
  } finally {
    closeSync(folder.fd);
  }
}

/** What speaks against the file that is there; nothing is opened or made. */
export function logFileObjection(file: string, links = MAX_LINKS): string | undefined {
  const found = lstatSync(file, { throwIfNoEntry: false });
  const folder = posix.dirname(file);
  if (!found || isOursAlone(found)) return undefined;
  if (!isClosedFolder(folder) || (found.isSymbolicLink() && !isOurs(found))) return describe(found);
  if (!found.isSymbolicLink() || links === 0) return undefined;
  return logFileObjection(posix.resolve(folder, readlinkSync(file)), links - 1);
}

/** `path` leads through the descriptor of the folder, which is at `place`. */
function openIn(place: string, path: string, file: string, links: number): number {
  const fd = openUnlessLink(path);
  if (fd !== undefined) {
    const found = fstatSync(fd);
    if (isOursAlone(found) || isClosedFolder(place)) return fd;
    closeSync(fd);
    throw occupied(file, found);
  }
  const link = lstatSync(path);
  // Where this holds, nobody can have put anything else there since.
  if (!isClosedFolder(place) || !isOurs(link)) throw occupied(file, link);
  if (links === 0) throw new Error(`${file} leads in a circle`);
  // As /dev/stderr: what it leads to is open, and may have no name.
  if (place.startsWith('/proc/')) return openSync(path, OPENING, MODE);
  return openLogFile(posix.resolve(place, readlinkSync(path)), links - 1);
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

/** One after the other, each in one that is held: nobody can lead it elsewhere. */
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

const occupied = (file: string, found: Stats) =>
  new DaemonError('LOG_OCCUPIED', `${file} is ${describe(found)}`);

function describe(found: Stats): string {
  const also = 'and others can have put it there';
  if (found.isSymbolicLink()) return `a symlink, ${also}`;
  if (!found.isFile()) return `no plain file, ${also}`;
  return isOurs(found) ? `a file of ${found.nlink} names, ${also}` : `a file of uid ${found.uid}, ${also}`;
}
