import { close as closeFile } from 'node:fs';
import pino from 'pino';
import sonic from 'sonic-boom';
import { asDaemonError, type ErrorCode } from '../errors.ts';
import { openLogFile } from './log-file.ts';
import { unicodeEscape } from './unicode-escape.ts';

export type Logger = pino.Logger;

export interface Log {
  readonly logger: Logger;
  /** For logrotate: the file was moved, open it anew. Throws as openLog does; then lines go on to what was open. */
  reopen(): Promise<void>;
  /** From now on to the file alone. */
  leaveStderr(): void;
  /** Resolves when everything is written, or cannot be. What is logged later is lost. */
  close(): Promise<void>;
}

export interface LogSettings {
  readonly file: string;
  readonly level: string;
  readonly maxHeldBytes?: number;
  /** In every line. */
  readonly fields?: Readonly<Record<string, unknown>>;
  /** What it is called where the file cannot be opened. */
  readonly failure?: ErrorCode;
}

/** Its types leave out what it writes to. It opens files by their path alone, wherever that leads. */
type Target = sonic.SonicBoom & { fd: number };

/** Lines that a full disk holds back are dropped, and counted, beyond this: a log must not take all memory. */
const MAX_HELD_BYTES = 4 * 1024 * 1024;

/** So long (ms) lines wait for others: each write is a thread woken. */
const GATHERING = 5;

/** How long (ms) a stop waits for the last lines. */
const CLOSE_LIMIT = 2_000;

/** What a terminal or an editor obeys and JSON does not escape: DEL, C1, line separators, direction marks. */
const RAW = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** JSON lines to `file`, and to stderr during the start. Throws LOG_OCCUPIED, and `failure`. */
export async function openLog({
  file,
  level,
  maxHeldBytes = MAX_HELD_BYTES,
  fields = {},
  failure = 'LOG_UNWRITABLE',
}: LogSettings): Promise<Log> {
  const open = () => {
    try {
      return openLogFile(file);
    } catch (error) {
      throw asDaemonError(error, failure);
    }
  };
  // Not pino.destination(): it writes what is left when the process exits, and on a full disk tries that for ever.
  const target = new sonic.SonicBoom({ fd: open(), sync: false, maxLength: maxHeldBytes }) as Target;
  const gathered = new Gathered(target);
  const reopen = () => swap(target, open());
  const stderr = pino.destination({ dest: 2, sync: true });
  // During the start each line at once: it may be the last.
  let streams: { write(line: string): unknown }[] = [target, stderr];
  const both = { write: (line: string) => streams.forEach((stream) => void stream.write(line)) };
  const hooks = { streamWrite: (line: string) => line.replace(RAW, unicodeEscape) };
  const logger = pino({ level, base: fields, timestamp: pino.stdTimeFunctions.isoTime, hooks }, both);
  const reportLost = countLost(target, reopen, (lost) => logger.error({ lost }, `${lost} lines were lost`));
  return {
    logger,
    reopen: async () => reopen(),
    leaveStderr: () => {
      streams = [gathered];
    },
    close: async () => {
      reportLost();
      streams = streams.filter((stream) => stream === stderr);
      gathered.flush();
      await closed(target);
      target.destroy();
    },
  };
}

/** Hands lines on some at a time. */
class Gathered {
  readonly #target: Target;
  #lines: string[] = [];
  #timer: NodeJS.Timeout | undefined;

  readonly flush = (): void => {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const line of this.#lines.splice(0)) this.#target.write(line);
  };

  constructor(target: Target) {
    this.#target = target;
  }

  write(line: string): void {
    this.#lines.push(line);
    this.#timer ??= setTimeout(this.flush, GATHERING);
  }
}

/** What waits goes to the new file. The old one is closed once nothing is being written to it: what is written next says
 * so, be it nothing. */
function swap(target: Target, fd: number): void {
  const before = target.fd;
  target.fd = fd;
  const close = () => {
    target.off('write', close).off('error', close);
    closeFile(before, () => {});
  };
  target.on('write', close).on('error', close);
  target.write('');
}

/** Says how many lines did not find room, once there is some again. Gives what says it at once. */
function countLost(target: Target, reopen: () => void, say: (lost: number) => void): () => void {
  let lost = 0;
  let failed = false;
  const report = () => {
    const count = lost;
    lost = 0;
    if (count > 0) say(count);
    if (lost > 0) lost = count;
  };
  // A log that cannot be written must not stop what it reports; the next line tries again.
  target.on('error', () => {
    failed = true;
  });
  target.on('drain', report).on('drop', () => {
    lost++;
    // A line that does not fit is not tried, nor are those that wait: without this a log that was full stays so.
    if (!failed) return;
    failed = false;
    try {
      reopen();
    } catch {
      failed = true;
    }
  });
  return report;
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
