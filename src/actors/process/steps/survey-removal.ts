import { closeSync } from 'node:fs';
import { posix } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { messageOf } from '../../../errors.ts';
import { ancestors } from '../../../io/fs/paths.ts';
import {
  type FindRoot,
  type PinnedFolder,
  pinFolder,
  rememberRoots,
} from '../../../io/fs/pinned-directory.ts';
import { emptySize, type TreeSize, TreeSizes } from '../../../io/fs/tree-sizes.ts';
import { rootPlace } from '../../../io/fs/trusted-path.ts';

export interface Size {
  readonly entries: number;
  readonly apparent_bytes: number;
  readonly freed_bytes: number;
  /** False: it is at least so much. */
  readonly complete: boolean;
  /** Why it is not complete. */
  readonly why?: string;
}

/** The entry at a path that would be removed. `within`: another of the paths, whose size includes it. */
export type PathPreview =
  | ({ readonly path: string; readonly state: 'there' } & Size)
  | { readonly path: string; readonly state: 'missing' }
  | { readonly path: string; readonly state: 'within'; readonly within: string }
  | { readonly path: string; readonly state: 'unseen'; readonly why: string };

export interface RemovalPreview {
  readonly paths: readonly PathPreview[];
  readonly total: Omit<Size, 'why'>;
}

/** How many entries are counted, of all paths together. */
export const MAX_ENTRIES = 250_000;
/** How many paths are looked up before the event loop continues: a lookup of a missing directory does not wait. */
const PATHS_A_TURN = 200;
const OVER = 'the time for it is over';

type Found =
  | { readonly size: TreeSize; done: boolean }
  | { readonly missing: true }
  | { readonly within: string }
  | { readonly error: string };

/** Counts what a removal would remove. The directories are held open, as for the removal itself. */
export class RemovalSurvey {
  readonly #paths: readonly string[];
  readonly #roots: readonly string[];
  readonly #signal: AbortSignal;
  readonly #found: Found[] = [];
  #pinned: { readonly path: string; readonly folder: PinnedFolder | undefined } | undefined;

  constructor(paths: readonly string[], roots: readonly string[], signal: AbortSignal) {
    this.#paths = paths;
    this.#roots = roots;
    this.#signal = signal;
  }

  /** Resolves once nothing is being looked at any more, which a stuck disk can put off. */
  async look(): Promise<void> {
    const listed = new Set(this.#paths);
    const sizes = new TreeSizes({ maxEntries: MAX_ENTRIES, signal: this.#signal });
    const find = rememberRoots(rootPlace);
    try {
      for (const [index, path] of this.#paths.entries()) {
        if (index % PATHS_A_TURN === PATHS_A_TURN - 1) await setImmediate();
        if (this.#signal.aborted) return;
        const within = [...ancestors(path)].find((folder) => listed.has(folder));
        if (within === undefined) await this.#lookAt(path, sizes, find);
        else this.#found.push({ within });
      }
    } finally {
      this.#unpin();
    }
  }

  /** As far as it has come. */
  report(): RemovalPreview {
    const paths = this.#paths.map((path, index) => previewOf(path, this.#found[index]));
    const total = { entries: 0, apparent_bytes: 0, freed_bytes: 0, complete: true };
    for (const preview of paths) {
      if (preview.state === 'unseen') total.complete = false;
      if (preview.state !== 'there') continue;
      total.entries += preview.entries;
      total.apparent_bytes += preview.apparent_bytes;
      total.freed_bytes += preview.freed_bytes;
      total.complete &&= preview.complete;
    }
    return { paths, total };
  }

  async #lookAt(path: string, sizes: TreeSizes, find: FindRoot): Promise<void> {
    const found = { size: emptySize(), done: false };
    const index = this.#found.push(found) - 1;
    try {
      const folder = this.#pin(posix.dirname(path), find);
      const there = folder && (await sizes.add(folder.fd, posix.basename(path), found.size));
      if (there) found.done = true;
      else this.#found[index] = { missing: true };
    } catch (error) {
      this.#found[index] = { error: messageOf(error) };
    }
  }

  /** Holds one directory at a time: most paths lie in the same one. */
  #pin(path: string, find: FindRoot): PinnedFolder | undefined {
    if (this.#pinned?.path !== path) {
      this.#unpin();
      this.#pinned = { path, folder: pinFolder(path, this.#roots, find) };
    }
    return this.#pinned.folder;
  }

  #unpin(): void {
    if (this.#pinned?.folder) closeSync(this.#pinned.folder.fd);
    this.#pinned = undefined;
  }
}

function previewOf(path: string, found: Found | undefined): PathPreview {
  if (!found) return { path, state: 'unseen', why: OVER };
  if ('missing' in found) return { path, state: 'missing' };
  if ('within' in found) return { path, state: 'within', within: found.within };
  if ('error' in found) return { path, state: 'unseen', why: found.error };
  const { entries, apparentBytes, freedBytes, incomplete } = found.size;
  const why = found.done ? incomplete : (incomplete ?? OVER);
  const size = { entries, apparent_bytes: apparentBytes, freed_bytes: freedBytes };
  return {
    path,
    state: 'there',
    ...size,
    complete: why === undefined,
    ...(why === undefined ? {} : { why }),
  };
}
