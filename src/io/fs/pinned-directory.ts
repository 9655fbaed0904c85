import { closeSync, constants, lstatSync, openSync, readlinkSync } from 'node:fs';
import { posix } from 'node:path';
import { DaemonError, messageOf } from '../../errors.ts';
import { O_PATH } from './path-fd.ts';
import { isBelow } from './paths.ts';
import { rootPlace } from './trusted-path.ts';

const PIN = O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW;

export interface PinnedFolder {
  readonly fd: number;
  /** Where it really is: as asked for, but for a root that is a symlink. */
  readonly place: string;
}

/** Finds where a root is; throws where it must not be used. */
export type FindRoot = (root: string) => string;

/** Finds each root once for many directories. A root that moves in between is noticed all the same: what is opened must be
 * at the place that was found. */
export function rememberRoots(find: FindRoot): FindRoot {
  const places = new Map<string, string>();
  return (root) => {
    const place = places.get(root) ?? find(root);
    places.set(root, place);
    return place;
  };
}

/** Opens the directory at `path` and checks that it really lies at this place, below (or at) one of `roots`. Returns
 * undefined if there is none. The caller closes the descriptor. */
export function pinFolder(
  path: string,
  roots: readonly string[],
  find: FindRoot = rootPlace,
): PinnedFolder | undefined {
  const place = placeOf(path, roots, find);
  const fd = place === undefined ? undefined : openFolder(place);
  if (fd === undefined) return undefined;
  const opened = readlinkSync(`/proc/self/fd/${fd}`);
  if (opened === place) return { fd, place: opened };
  closeSync(fd);
  throw new DaemonError('FOLDER_MOVED', `${path} leads to ${opened}`);
}

/** Calls `work` with a path of `name` that leads through the held descriptor. Errors name the real path instead. */
export function withNameIn<T>({ fd, place }: PinnedFolder, name: string, work: (path: string) => T): T {
  const path = `/proc/self/fd/${fd}/${name}`;
  try {
    return work(path);
  } catch (error) {
    if (error instanceof Error) error.message = error.message.replaceAll(path, posix.join(place, name));
    throw error;
  }
}

/** Where `path` must really be: a root is the operator's and may be a symlink, what is below it may not. Undefined if
 * the root does not exist. */
function placeOf(path: string, roots: readonly string[], find: FindRoot): string | undefined {
  const nearest = roots.toSorted((a, b) => b.length - a.length);
  const root = nearest.find((candidate) => path === candidate || isBelow(path, candidate));
  if (root === undefined) throw new DaemonError('FOLDER_MOVED', `${path} is below no root`);
  try {
    return posix.join(find(root), posix.relative(root, path));
  } catch (error) {
    if (error instanceof DaemonError) throw error;
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new DaemonError('FOLDER_UNREACHABLE', messageOf(error), error);
  }
}

function openFolder(place: string): number | undefined {
  try {
    return openSync(place, PIN);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || (code === 'ENOTDIR' && !isSymlink(place))) return undefined;
    if (code === 'ENOTDIR' || code === 'ELOOP') {
      throw new DaemonError('FOLDER_MOVED', `${place} is a symlink`, error);
    }
    throw new DaemonError('FOLDER_UNREACHABLE', messageOf(error), error);
  }
}

/** O_DIRECTORY answers alike for a symlink and for a plain file; `rm -f` counts what is below a file as absent. */
function isSymlink(path: string): boolean {
  try {
    return lstatSync(path).isSymbolicLink();
  } catch {
    return false;
  }
}
