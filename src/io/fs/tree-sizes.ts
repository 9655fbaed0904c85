import { constants, type Stats } from 'node:fs';
import { type FileHandle, lstat, open, opendir } from 'node:fs/promises';
import { O_PATH } from './path-fd.ts';

const PIN = O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/** Of nested directories; each is held open meanwhile. */
const MAX_DEPTH = 100;
/** How many entries are read at a time. */
const READ_AT_ONCE = 256;
/** Of what `Stats` counts as `blocks`. */
const BLOCK = 512;

/** What `rm -rf` would remove at one place. */
export interface TreeSize {
  /** Names, that of the place among them. */
  entries: number;
  /** The lengths of files and links, each file once however many names it has, as `du --apparent-size` has it. */
  apparentBytes: number;
  /** The bytes that the disk gets back: those of files without another name elsewhere. */
  freedBytes: number;
  /** Why the count is incomplete; undefined if it is complete. */
  incomplete: string | undefined;
}

export const emptySize = (): TreeSize => ({
  entries: 0,
  apparentBytes: 0,
  freedBytes: 0,
  incomplete: undefined,
});

export interface TreeLimits {
  /** In all trees together. */
  readonly maxEntries: number;
  readonly signal: AbortSignal;
}

/** Adds up the sizes of several trees, one entry after the other, without blocking the event loop. Each directory is opened
 * by its name in its open parent, and symlinks are not followed: an entry that is exchanged meanwhile cannot lead out of
 * the tree. The count stays on one file system. */
export class TreeSizes {
  readonly #limits: TreeLimits;
  /** Of files with several names: how many were met. */
  readonly #names = new Map<string, number>();
  #entries = 0;

  constructor(limits: TreeLimits) {
    this.#limits = limits;
  }

  /** Adds the entry `name` of an open directory to `size`, step by step. Returns false if there is none. */
  async add(folder: number, name: string, size: TreeSize): Promise<boolean> {
    const found = await lstat(below(folder, Buffer.from(name))).catch(ignoreAbsence);
    if (!found) return false;
    this.#count(found, size);
    if (found.isDirectory()) await this.#descend(folder, Buffer.from(name), found.dev, 1, size);
    return true;
  }

  async #descend(above: number, name: Buffer, device: number, depth: number, size: TreeSize): Promise<void> {
    if (depth > MAX_DEPTH) return leaveOut(size, `more than ${MAX_DEPTH} folders lie in each other`);
    let folder: FileHandle | undefined;
    try {
      folder = await open(below(above, name), PIN);
      if ((await folder.stat()).dev === device) await this.#read(folder.fd, device, depth, size);
    } catch (error) {
      ignoreAbsence(error, (code) => leaveOut(size, `a folder cannot be read (${code})`));
    } finally {
      await folder?.close();
    }
  }

  async #read(folder: number, device: number, depth: number, size: TreeSize): Promise<void> {
    const options = { encoding: 'buffer' as BufferEncoding, bufferSize: READ_AT_ONCE };
    for await (const entry of await opendir(`/proc/self/fd/${folder}`, options)) {
      const over = this.#objection();
      if (over !== undefined) return leaveOut(size, over);
      // Names need not be UTF-8.
      const name = entry.name as unknown as Buffer;
      const found = await lstat(below(folder, name)).catch(ignoreAbsence);
      if (found?.dev !== device) continue;
      this.#count(found, size);
      if (found.isDirectory()) await this.#descend(folder, name, device, depth + 1, size);
    }
  }

  #objection(): string | undefined {
    if (this.#limits.signal.aborted) return 'the time for it is over';
    const { maxEntries } = this.#limits;
    return this.#entries < maxEntries ? undefined : `more than ${maxEntries} entries are not counted`;
  }

  #count(found: Stats, size: TreeSize): void {
    this.#entries++;
    size.entries++;
    const met = found.nlink > 1 && !found.isDirectory() ? this.#meet(found) : 1;
    if (met === 1 && (found.isFile() || found.isSymbolicLink())) size.apparentBytes += found.size;
    if (met === found.nlink || found.isDirectory()) size.freedBytes += found.blocks * BLOCK;
  }

  /** How many of its names were met, this one among them. */
  #meet({ dev, ino }: Stats): number {
    const key = `${dev}:${ino}`;
    const met = (this.#names.get(key) ?? 0) + 1;
    this.#names.set(key, met);
    return met;
  }
}

function below(folder: number, name: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`/proc/self/fd/${folder}/`), name]);
}

function leaveOut(size: TreeSize, why: string): void {
  size.incomplete ??= why;
}

/** Of what was removed or replaced since its name was read, nothing is to be counted. */
function ignoreAbsence(error: unknown, otherwise?: (code: string | undefined) => void): undefined {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP') return;
  if (!otherwise) throw error;
  otherwise(code);
}
