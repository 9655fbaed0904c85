/** Prepares the test directory: the files that a daemon needs, and around them files that must not change. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Layout, prepare } from '../support/daemon.ts';

export interface Place extends Layout {
  /** A directory next to the deletion root. */
  readonly canary: string;
  /** A directory below the deletion root, under a name that no request contains. */
  readonly untouched: string;
}

export function preparePlace(folder: string): Place {
  // The limit is low, so some commands find no room and the last ones end soon after the last request.
  const at = prepare(folder, { cmd_log_level: 'info', max_pending: 200 });
  const place = { ...at, canary: join(folder, 'canary'), untouched: join(at.backups, 'untouched-by-all') };
  for (const root of [place.canary, place.untouched]) {
    mkdirSync(join(root, 'one', 'two'), { recursive: true });
    for (const name of ['a', 'one/b', 'one/two/c']) writeFileSync(join(root, name), name, { mode: 0o640 });
    symlinkSync('one/two', join(root, 'link'));
  }
  return place;
}

/** Files that a request may find below the deletion root. Each symlink target is at least MAX_UP levels deep. */
const PROPS: Readonly<Record<string, (path: string, place: Place) => void>> = {
  folder: (path) => {
    mkdirSync(join(path, 'inner'), { recursive: true });
    for (const name of ['1', 'inner/2', 'inner/--help']) writeFileSync(join(path, name), '');
  },
  file: (path) => writeFileSync(path, ''),
  canary: (path, { canary }) => symlinkSync(join(canary, 'one', 'two'), path),
  nearby: (path) => symlinkSync('../canary/one/two', path),
  canaryFile: (path, { canary }) => symlinkSync(join(canary, 'one', 'b'), path),
  untouched: (path, { untouched }) => symlinkSync(untouched, path),
  dangling: (path, { backups }) => symlinkSync(join(backups, 'nowhere', 'x'), path),
  circle: (path) => symlinkSync(path, path),
  inside: (path, { canary }) => {
    mkdirSync(path);
    symlinkSync(join(canary, 'one', 'two'), join(path, 'link'));
  },
};

export const PROP_KINDS = Object.keys(PROPS);

export interface Prop {
  readonly kind: string;
  readonly name: string;
}

/** Creates a prop at its path if nothing is there. */
export function put({ kind, name }: Prop, place: Place): void {
  try {
    PROPS[kind]?.(join(place.backups, name), place);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
