import { closeSync, constants, fchmodSync, fstatSync, openSync, renameSync } from 'node:fs';
import sonic from 'sonic-boom';
import { DaemonError, messageOf } from '../../errors.ts';
import { type Exchange, lineOf } from './exchange-lines.ts';

/** Records requests with their replies, so that they can be sent again. Nothing depends on it: a line that cannot be
 * written is lost. */
export interface TrafficRecord {
  /** Returns the bytes of its line. */
  write(exchange: Exchange): number;
  reopen(): Promise<void>;
  close(): Promise<void>;
}

export interface RecordSettings {
  readonly file: string;
  /** The size limit of the file and its predecessor (its name with .1 appended) together. */
  readonly maxBytes: number;
  /** Called once when lines cannot be written, and again only after a recovery. */
  readonly complain: (error: DaemonError) => void;
}

/** The size limit of lines that wait for the disk; further lines are left out. */
const MAX_HELD_BYTES = 4 * 1024 * 1024;
const CLOSE_LIMIT = 2_000;
/** How often a rotation that failed is tried again. */
const ROTATION_RETRY_MS = 1_000;
/** Only root may read the requests of clients. */
const MODE = 0o600;
const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
const NOT_PLAIN = 'it is no plain file';
const OPENING = O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK;

export const NO_RECORD: TrafficRecord = {
  write: () => 0,
  reopen: async () => {},
  close: async () => {},
};

export function openTrafficRecord({ file, maxBytes, complain }: RecordSettings): TrafficRecord {
  let target: sonic.SonicBoom | undefined;
  let bytes = 0;
  let failed = false;
  let isFull = false;
  /** Since when (monotonic, ms) the last rotation has failed; until one works the file is full and must not grow. */
  let stuckSinceMs: number | undefined;
  const fail = (error: unknown) => {
    if (!failed) complain(new DaemonError('RECORD_UNWRITABLE', `${file}: ${messageOf(error)}`, error));
    failed = true;
  };
  const open = () => {
    const fd = openPlain(file);
    bytes = fstatSync(fd).size;
    const opened = new sonic.SonicBoom({ fd, sync: false, maxLength: MAX_HELD_BYTES });
    target = opened;
    failed = false;
    isFull = false;
    opened.on('drain', () => {
      failed = false;
    });
    opened.on('error', fail);
    // Lines that wait are not tried again by themselves once there is room.
    opened.on('drop', () => {
      isFull = failed;
    });
  };
  const close = async () => {
    const closing = target;
    target = undefined;
    if (closing) await closed(closing);
  };
  const attempt = (work: () => void) => {
    try {
      work();
    } catch (error) {
      fail(error);
    }
  };
  const replace = () => {
    void close();
    open();
  };
  /** False where the full file cannot be moved away. */
  const rotate = (): boolean => {
    if (stuckSinceMs !== undefined && performance.now() - stuckSinceMs < ROTATION_RETRY_MS) return false;
    try {
      moveAway(file);
    } catch (error) {
      if (stuckSinceMs === undefined)
        complain(new DaemonError('RECORD_NOT_ROTATED', messageOf(error), error));
      stuckSinceMs = performance.now();
      return false;
    }
    stuckSinceMs = undefined;
    replace();
    return true;
  };
  attempt(open);
  return {
    write: (exchange) => {
      let written = 0;
      attempt(() => {
        if (!target) return;
        if (isFull) replace();
        const line = lineOf(exchange);
        const size = Buffer.byteLength(line);
        // Lines that were never written must not displace lines that were.
        if (bytes + size > maxBytes / 2 && !failed && !rotate()) return;
        bytes += size;
        written = size;
        target?.write(line);
      });
      return written;
    },
    reopen: async () => {
      await close();
      attempt(open);
    },
    close,
  };
}

function moveAway(file: string): void {
  try {
    renameSync(file, `${file}.1`);
  } catch (error) {
    // A file that is gone is out of the way.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** Opens a plain file only: any user that can write to the directory could create a symlink, and an open of a pipe would
 * block. */
function openPlain(file: string): number {
  const fd = openHere(file);
  const found = fstatSync(fd);
  if (found.isFile() && found.nlink === 1 && found.uid === process.geteuid?.()) {
    fchmodSync(fd, MODE);
    return fd;
  }
  closeSync(fd);
  throw new Error(found.isFile() ? 'others have it as well' : NOT_PLAIN);
}

function openHere(file: string): number {
  try {
    return openSync(file, OPENING, MODE);
  } catch (error) {
    // A pipe without a reader, or a symlink.
    if (['ENXIO', 'ELOOP'].includes((error as NodeJS.ErrnoException).code as string))
      throw new Error(NOT_PLAIN);
    throw error;
  }
}

function closed(target: sonic.SonicBoom): Promise<void> {
  return new Promise<void>((resolve) => {
    const limit = setTimeout(resolve, CLOSE_LIMIT);
    const done = () => {
      clearTimeout(limit);
      resolve();
    };
    target.once('close', done).once('error', done).end();
  }).finally(() => target.destroy());
}
