import { realpathSync } from 'node:fs';
import { posix } from 'node:path';
import { DaemonError } from '../errors.ts';
import { readMounts } from './mounts.ts';
import { isBelow } from './paths.ts';

/** What must not be deleted whatever it is called, as the world is now: what is mounted, and the daemon's own files. */
export class ForbiddenPlaces {
  readonly #mounts = readMounts();
  readonly #own: readonly string[];

  constructor(ownFiles: readonly string[]) {
    const folders = new Map<string, string>();
    this.#own = ownFiles.map((file) => realPlace(file, folders));
  }

  /** Throws MOUNTED or OWN_FILES where `place`, real and normalised, or something below it must stay. */
  check(place: string): void {
    if (this.#mounts.isPoint(place)) throw new DaemonError('MOUNTED', `${place} is a mount point`);
    if (this.#mounts.isAbove(place)) throw new DaemonError('MOUNTED', `below ${place}`);
    const own = this.#own.find((file) => file === place || isBelow(file, place));
    if (own !== undefined) throw new DaemonError('OWN_FILES', own);
  }
}

/** `folders`: where they really are, found once for all that lies in them. */
function realPlace(file: string, folders: Map<string, string>): string {
  const folder = posix.dirname(file);
  try {
    const real = folders.get(folder) ?? realpathSync.native(folder);
    folders.set(folder, real);
    return posix.join(real, posix.basename(file));
  } catch {
    return file;
  }
}
