import { realpathSync } from 'node:fs';
import { posix } from 'node:path';
import { DaemonError } from '../../errors.ts';
import { readMounts } from './mounts.ts';
import { isBelow } from './paths.ts';

/** Places that must not be deleted under any name, read at construction: mount points, the daemon's own files and the
 * deletion roots. */
export class ForbiddenPlaces {
  readonly #mounts = readMounts();
  readonly #own: readonly string[];
  /** The roots by their real path. */
  readonly #roots: ReadonlyMap<string, string>;
  /** The directory of the last check, and whether all its entries may be deleted. */
  #last = { folder: '', isFree: false };

  constructor(ownFiles: readonly string[], roots: readonly string[]) {
    const folders = new Map<string, string>();
    this.#own = ownFiles.map((file) => realPlace(file, folders));
    this.#roots = new Map(roots.map((root) => [realFolder(root, folders) ?? root, root]));
  }

  /** Throws MOUNTED, OWN_FILES or ROOT_THERE if the entry `name` of the directory (a real, normalised path), or an
   * entry below it, must stay. */
  check(folder: string, name: string): void {
    if (this.#last.folder !== folder) this.#last = { folder, isFree: this.#isFree(folder) };
    if (!this.#last.isFree) this.#checkPlace(posix.join(folder, name));
  }

  /** True if all entries may be deleted. Most directories are free, and most paths of a long list lie in the same one. */
  #isFree(folder: string): boolean {
    const mustStay = [...this.#own, ...this.#roots.keys()];
    return !this.#mounts.isAbove(folder) && !mustStay.some((place) => isBelow(place, folder));
  }

  #checkPlace(place: string): void {
    if (this.#mounts.isPoint(place)) throw new DaemonError('MOUNTED', `${place} is a mount point`);
    if (this.#mounts.isAbove(place)) throw new DaemonError('MOUNTED', `below ${place}`);
    const own = this.#own.find((file) => file === place || isBelow(file, place));
    if (own !== undefined) throw new DaemonError('OWN_FILES', own);
    for (const [real, root] of this.#roots)
      if (real === place || isBelow(real, place)) throw new DaemonError('ROOT_THERE', root);
  }
}

/** Returns the real path of a file. The map holds the real paths of directories, found once for all files in them. */
function realPlace(file: string, folders: Map<string, string>): string {
  const real = realFolder(posix.dirname(file), folders);
  return real === undefined ? file : posix.join(real, posix.basename(file));
}

/** Undefined where there is none. */
function realFolder(folder: string, folders: Map<string, string>): string | undefined {
  try {
    const real = folders.get(folder) ?? realpathSync.native(folder);
    folders.set(folder, real);
    return real;
  } catch {
    return undefined;
  }
}
