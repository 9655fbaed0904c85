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

/** Whether nobody but we and root decides what is in a folder: neither by writing to it, nor to one above it. Throws as
 * rootPlace does. */
export function isClosedFolder(folder: string): boolean {
  return walk(folder).closed;
}

function walk(root: string): { readonly place: string; readonly closed: boolean } {
  const names = root.split('/');
  let place = '/';
  let here = lstatSync(place);
  /** Whether only we and root decide what has the names up to here. */
  let firm = true;
  let links = 0;
  for (let name = names.shift(); name !== undefined; name = names.shift()) {
    if (name === '' || name === '.') continue;
    const next = posix.join(place, name);
    const found = lstatSync(next);
    if (!found.isSymbolicLink()) {
      firm &&= isOurs(here) && (isClosed(here) || ((here.mode & STICKY) !== 0 && isOurs(found)));
      [place, here] = [next, found];
      continue;
    }
    if (!(firm && isOurs(here) && isClosed(here) && isOurs(found))) {
      throw new DaemonError('FOLDER_MOVED', `${next} is a symlink that others can put there`);
    }
    if (++links > MAX_LINKS) throw new DaemonError('FOLDER_MOVED', `${root} leads in a circle`);
    const target = readlinkSync(next);
    if (target.startsWith('/')) [place, here] = ['/', lstatSync('/')];
    names.unshift(...target.split('/'));
  }
  return { place, closed: firm && isOurs(here) && isClosed(here) };
}

export function isOurs({ uid }: Stats): boolean {
  return uid === 0 || uid === process.geteuid?.();
}

function isClosed({ mode }: Stats): boolean {
  return (mode & FOR_OTHERS) === 0;
}
