import { constants, lstatSync, readlinkSync, type Stats } from 'node:fs';
import { posix } from 'node:path';
import { DaemonError } from '../errors.ts';

/** As many as Linux follows. */
const MAX_LINKS = 40;
const FOR_OTHERS = constants.S_IWGRP | constants.S_IWOTH;
const STICKY = 0o1000;

/** Where a deletion root really is. A symlink on the way to it is the operator's choice, but only if nobody else can
 * have put it there: else who may write to a folder above the root could lead it anywhere. Throws FOLDER_MOVED for
 * such a link, and what the system says where there is nothing. */
export function rootPlace(root: string): string {
  return walk(root).place;
}

/** Returns where a deletion root really is, after making sure that it is the directory that the operator means: it
 * belongs to us or root, and no other user can put another in its place. A user who can would have root delete from any
 * directory that they can move there. `unsafe`: the roots for which the operator accepts that. Throws ROOT_UNTRUSTED, and
 * as rootPlace does. */
export function deletionRootPlace(root: string, unsafe: readonly string[]): string {
  const { place, found, open } = walk(root);
  if (unsafe.includes(root)) return place;
  if (!isOurs(found)) throw new DaemonError('ROOT_UNTRUSTED', `${root} belongs to uid ${found.uid}`);
  if (open !== undefined)
    throw new DaemonError('ROOT_UNTRUSTED', `others can rename ${root} or a directory above it`);
  return place;
}

/** Returns where a file or directory really is, and whether only we and root can put another in its place. Throws as
 * rootPlace does. */
export function placeAndFirmness(path: string): { readonly place: string; readonly firm: boolean } {
  const { place, open } = walk(path);
  return { place, firm: open === undefined };
}

/** Whether no other user can rename or remove what we put into a directory: it is closed, or it has the sticky bit. Throws
 * as rootPlace does. */
export function keepsEntries(directory: string): boolean {
  const { found, open } = walk(directory);
  return open === undefined && isOurs(found) && (isClosed(found) || isSticky(found));
}

/** Whether nobody but we and root decides what is in a folder: neither by writing to it, nor to one above it. Throws as
 * rootPlace does. */
export function isClosedFolder(folder: string): boolean {
  return closedObjection(folder) === undefined;
}

/** Returns which directory keeps `directory` from being a closed one, and why. Throws as rootPlace does. */
export function closedObjection(directory: string): string | undefined {
  const { place, found, open } = walk(directory);
  return open ?? objectionTo(place, found, isClosed(found));
}

/** Ubuntu lets the group `syslog`, which is rsyslog's own, write to it. */
const SYSTEM_LOGS = '/var/log';

/** Returns why a file of our own in `directory` can be replaced by other users; undefined where the sticky bit or the modes
 * prevent that, also for the directories above. `system`: may be writable for its group. Throws as rootPlace does. */
export function stickyObjection(directory: string, system = SYSTEM_LOGS): string | undefined {
  const isShut = (found: Stats, at: string) =>
    (found.mode & (at === system ? constants.S_IWOTH : FOR_OTHERS)) === 0;
  const { place, found, open } = walk(directory, isShut);
  return open ?? objectionTo(place, found, isClosed(found) || isSticky(found));
}

interface Walk {
  readonly place: string;
  /** Of the file or directory at `place`. */
  readonly found: Stats;
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
      // The sticky bit protects the entries of their owners.
      if (!isShut(here, place) && !isOurs(found)) open ??= `${next} belongs to uid ${found.uid}`;
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
  return { place, found: here, open };
}

function objectionTo(place: string, found: Stats, isFirm: boolean): string | undefined {
  if (!isOurs(found)) return `${place} belongs to uid ${found.uid}`;
  if (isFirm) return undefined;
  return `${place} has mode ${(found.mode & 0o7777).toString(8).padStart(4, '0')}, so other users can write to it`;
}

export function isOurs({ uid }: Stats): boolean {
  return uid === 0 || uid === process.geteuid?.();
}

/** Whether only the owner can write to it. */
export function isClosed({ mode }: Stats): boolean {
  return (mode & FOR_OTHERS) === 0;
}

const isSticky = ({ mode }: Stats): boolean => (mode & STICKY) !== 0;
