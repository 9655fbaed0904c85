import { fchmodSync, renameSync, statSync } from 'node:fs';
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

export const NO_RECORD: TrafficRecord = {
  write: () => {},
  reopen: async () => {},
  close: async () => {},
};

export function openTrafficRecord({ file, maxBytes, complain }: RecordSettings): TrafficRecord {
  let target: sonic.SonicBoom | undefined;
  let bytes = 0;
  let failed = false;
  const fail = (error: unknown) => {
    if (!failed) complain(new DaemonError('RECORD_UNWRITABLE', `${file}: ${messageOf(error)}`, error));
    failed = true;
  };
  const open = () => {
    const found = statSync(file, { throwIfNoEntry: false });
    // A pipe would be waited for.
    if (found && !found.isFile()) throw new Error('it is no plain file');
    bytes = found?.size ?? 0;
    const opened = new sonic.SonicBoom({ dest: file, sync: false, mode: MODE, maxLength: MAX_HELD_BYTES });
    target = opened;
    let isOpen = false;
    opened.once('ready', () => {
      isOpen = true;
      failed = false;
      fchmodSync((opened as unknown as { fd: number }).fd, MODE);
    });
    opened.on('drain', () => {
      failed = false;
    });
    opened.on('error', (error) => {
      fail(error);
      // One that was never open cannot be opened anew; a signal makes another.
      if (!isOpen && target === opened) target = undefined;
    });
    // Lines that wait are not tried again by themselves once there is room.
    opened.on('drop', () => {
      if (failed && isOpen) opened.reopen();
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
        const line = lineOf(exchange);
        bytes += Buffer.byteLength(line);
        if (bytes > maxBytes / 2) {
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

function closed(target: sonic.SonicBoom): Promise<void> {
  return new Promise((resolve) => {
    const limit = setTimeout(resolve, CLOSE_LIMIT);
    const done = () => {
      clearTimeout(limit);
      resolve();
    };
    target.once('close', done).once('error', done).end();
  });
}
