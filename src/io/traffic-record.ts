import { closeSync, constants, fchmodSync, fstatSync, openSync, renameSync } from 'node:fs';
import sonic from 'sonic-boom';
import { DaemonError, messageOf } from '../errors.ts';
import { type Exchange, lineOf } from './exchange-lines.ts';

/** What was asked and answered, for who wants to ask it again. Nothing depends on it: what cannot be kept is lost. */
export interface TrafficRecord {
  write(exchange: Exchange): void;
  reopen(): Promise<void>;
  close(): Promise<void>;
}

export interface RecordSettings {
  readonly file: string;
  /** What it and the one before it, with .1 behind its name, may take together. */
  readonly maxBytes: number;
  /** Hears once that nothing can be kept, until that is over. */
  readonly complain: (error: DaemonError) => void;
}

/** What waits for the disk; beyond it lines are left out. */
const MAX_HELD_BYTES = 4 * 1024 * 1024;
const CLOSE_LIMIT = 2_000;
/** What clients ask for is for root alone. */
const MODE = 0o600;
const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
const NOT_PLAIN = 'it is no plain file';
const OPENING = O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK;

export const NO_RECORD: TrafficRecord = {
  write: () => {},
  reopen: async () => {},
  close: async () => {},
};

export function openTrafficRecord({ file, maxBytes, complain }: RecordSettings): TrafficRecord {
  let target: sonic.SonicBoom | undefined;
  let bytes = 0;
  let failed = false;
  let isFull = false;
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
  attempt(open);
  return {
    write: (exchange) =>
      attempt(() => {
        if (!target) return;
        if (isFull) {
          void close();
          open();
        }
        const line = lineOf(exchange);
        bytes += Buffer.byteLength(line);
        // What was never written is not worth the place of what was.
        if (bytes > maxBytes / 2 && !failed) {
          renameSync(file, `${file}.1`);
          void close();
          open();
          bytes = Buffer.byteLength(line);
        }
        target?.write(line);
      }),
    reopen: async () => {
      await close();
      attempt(open);
    },
    close,
  };
}

/** Never through a link, which whoever may write to the folder could put there, and never to a pipe, which would be waited
 * for. */
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
    // A pipe that nobody reads, a link.
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
