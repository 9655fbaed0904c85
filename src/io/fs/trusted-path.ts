import { constants, lstatSync, readlinkSync, type Stats } from 'node:fs';
import { posix } from 'node:path';
import { DaemonError } from '../../errors.ts';

/** As many as Linux follows. */
const MAX_LINKS = 40;
const FOR_OTHERS = constants.S_IWGRP | constants.S_IWOTH;
const STICKY = 0o1000;

/** Returns the real path of a deletion root. A symlink on the way to it is followed only if no other user can have created
 * it: otherwise a user that can write to a directory above the root could redirect it. Throws FOLDER_MOVED for such a
 * symlink, and the system's error if there is no root. */
export function rootPlace(root: string): string {
  return walk(root).place;
}

/** Returns where a deletion root really is, after making sure that it is the directory that the operator means: it belongs to
 * us or root, and no other user can put another in its place. A user who can would have root delete from any directory that
 * they can move there. `unsafe`: the roots for which the operator accepts that. Throws ROOT_UNTRUSTED, and as rootPlace does. */
export function deletionRootPlace(root: string, unsafe: readonly string[]): string {
  const { place, here, open } = walk(root);
  const objection = unsafe.includes(root) ? undefined : (open ?? objectionTo(place, here, true));
  if (objection !== undefined) throw new DaemonError('ROOT_UNTRUSTED', `${root}: ${objection}`);
  return place;
}

/** Returns where a file of our own really is, and why other users can put another file in its place; undefined where they
 * cannot. Throws as rootPlace does. */
export function ownFilePlace(path: string): {
  readonly place: string;
  readonly objection: string | undefined;
} {
  const { place, open } = walk(path);
  return { place, objection: open };
}

/** True if only our user and root can change the entries of a directory: no other user can write to it or to one above it.
 * Throws as rootPlace does. */
export function isClosedFolder(folder: string): boolean {
  return closedObjection(folder) === undefined;
}

/** Returns which directory keeps `directory` from being a closed one, and why. Throws as rootPlace does. */
export function closedObjection(directory: string): string | undefined {
  const { place, here, open } = walk(directory);
  return open ?? objectionTo(place, here, isClosed(here));
}

/** Ubuntu lets the group `syslog`, which is rsyslog's own, write to it. */
const SYSTEM_LOGS = '/var/log';

/** Returns why a file of our own in `directory` can be replaced by other users; undefined where the sticky bit or the modes
 * prevent that, also for the directories above. `system`: may be writable for its group. Throws as rootPlace does. */
export function stickyObjection(directory: string, system = SYSTEM_LOGS): string | undefined {
  const isShut = (found: Stats, at: string) =>
    (found.mode & (at === system ? constants.S_IWOTH : FOR_OTHERS)) === 0;
  const { place, here, open } = walk(directory, isShut);
  return open ?? objectionTo(place, here, isClosed(here) || isSticky(here));
}

interface Walk {
  readonly place: string;
  readonly here: Stats;
  /** Why others decide what has the names on the way; undefined where only we and root do. */
  readonly open: string | undefined;
}

/** `isShut`: whether a directory above the last one is not writable for others. */
function walk(root: string, isShut: (found: Stats, at: string) => boolean = isClosed): Walk {
  const names = root.split('/');
  let place = '/';
  let here = lstatSync(place);
  let open: string | undefined;
  let links = 0;
  for (let name = names.shift(); name !== undefined; name = names.shift()) {
    if (name === '' || name === '.') continue;
    const next = posix.join(place, name);
    const found = lstatSync(next);
    if (!found.isSymbolicLink()) {
      open ??= objectionTo(place, here, isShut(here, place) || isSticky(here));
      [place, here] = [next, found];
      continue;
    }
    if (open !== undefined || !isOurs(here) || !isClosed(here) || !isOurs(found)) {
      throw new DaemonError('FOLDER_MOVED', `${next} is a symlink that others can put there`);
    }
    if (++links > MAX_LINKS) throw new DaemonError('FOLDER_MOVED', `${root} leads in a circle`);
    const target = readlinkSync(next);
    if (target.startsWith('/')) [place, here] = ['/', lstatSync('/')];
    names.unshift(...target.split('/'));
  }
  return { place, here, open };
}

function objectionTo(place: string, found: Stats, isFirm: boolean): string | undefined {
  if (!isOurs(found)) return `${place} belongs to uid ${found.uid}`;
  if (isFirm) return undefined;
  return `${place} has mode ${(found.mode & 0o7777).toString(8).padStart(4, '0')}, so other users can write to it`;
}

export function isOurs({ uid }: { readonly uid: number }): boolean {
  return uid === 0 || uid === process.geteuid?.();
}

/** Whether its owner alone can write to it. */
export function isClosed({ mode }: Stats): boolean {
  return (mode & FOR_OTHERS) === 0;
}

function isSticky({ mode }: Stats): boolean {
  return (mode & STICKY) !== 0;
}
