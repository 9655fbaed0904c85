import { close as closeFile } from 'node:fs';
import pino from 'pino';
import sonic from 'sonic-boom';
import { asDaemonError, DaemonError, type ErrorCode } from '../../errors.ts';
import { isLogInPlace, openLogFile } from './append-file.ts';
import { unicodeEscape } from './escape.ts';

export type Logger = pino.Logger;

export interface Log {
  readonly logger: Logger;
  /** Reopens the file after logrotate has moved it. Throws LOG_OCCUPIED, and as openLog does; lines then go on to the file
   * that was open. */
  reopen(): Promise<void>;
  /** Why lines do not go to the file; undefined if they do. */
  trouble(): string | undefined;
  /** From now on to the file alone. */
  leaveStderr(): void;
  /** Resolves when all lines are written, or cannot be. Later lines are lost. */
  close(): Promise<void>;
}

export interface LogSettings {
  readonly file: string;
  readonly level: string;
  readonly maxHeldBytes?: number;
  /** In every line. */
  readonly fields?: Readonly<Record<string, unknown>>;
  /** The error code if the file cannot be opened. */
  readonly failure?: ErrorCode;
  /** Gets warnings about the path of the file; without it they go to the log itself. */
  readonly warn?: (error: DaemonError) => void;
  /** The shortest time (ms) between two checks of the path of the file. */
  readonly lookMs?: number;
}

/** Its types leave out what it writes to. It opens files by their path alone, wherever that leads. */
type Target = sonic.SonicBoom & { fd: number };

/** Lines that a full disk holds back are dropped, and counted, beyond this: a log must not take all memory. */
const MAX_HELD_BYTES = 4 * 1024 * 1024;

/** How long (ms) lines wait for others, since each write wakes a thread. */
const GATHERING = 5;

/** How often, at most, a line makes sure that the log has its name: other users may take it before the SIGHUP of logrotate, or
 * keep that away. A daemon at rest has no timer. */
const LOOK_MS = 60_000;

const STDERR = 2;

/** How long (ms) a stop waits for the last lines. */
const CLOSE_LIMIT = 2_000;

/** What a terminal or an editor obeys and JSON does not escape: DEL, C1, line separators, direction marks. */
const RAW = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** JSON lines to `file`, and to stderr during the start. Where other users keep the place of the file occupied, lines go to
 * stderr until the file can be opened. Throws `failure`. */
export async function openLog(settings: LogSettings): Promise<Log> {
  const { file, level, maxHeldBytes = MAX_HELD_BYTES, fields = {}, failure = 'LOG_UNWRITABLE' } = settings;
  const first = openOrStderr(file, failure);
  let { trouble } = first;
  // Not pino.destination(): it writes what is left when the process exits, and on a full disk tries that for ever.
  const target = new sonic.SonicBoom({ fd: first.fd, sync: false, maxLength: maxHeldBytes }) as Target;
  const gathered = new Gathered(target, () => attend());
  const stderr = pino.destination({ dest: STDERR, sync: true });
  // During the start each line at once: it may be the last.
  let streams: { write(line: string): unknown }[] = first.fd === STDERR ? [stderr] : [target, stderr];
  const both = { write: (line: string) => streams.forEach((stream) => void stream.write(line)) };
  const hooks = { streamWrite: (line: string) => line.replace(RAW, unicodeEscape) };
  const logger = pino({ level, base: fields, timestamp: pino.stdTimeFunctions.isoTime, hooks }, both);
  const { warn = ({ code, message, remedy }) => logger.warn({ code, remedy }, message) } = settings;
  const reopen = () => {
    try {
      const { fd, setAside } = openAt(file, failure);
      swap(target, fd);
      trouble = undefined;
      if (setAside) warn(setAside);
    } catch (error) {
      trouble = asDaemonError(error);
      throw error;
    }
  };
  let lookedMs = performance.now();
  const attend = () => {
    if (performance.now() - lookedMs < (settings.lookMs ?? LOOK_MS)) return;
    lookedMs = performance.now();
    if (trouble === undefined && isLogInPlace(file, target.fd)) return;
    const before = trouble?.message;
    try {
      reopen();
    } catch (error) {
      const failed = asDaemonError(error);
      if (failed.message !== before) warn(failed);
    }
  };
  const reportLost = countLost(target, reopen, (lost) => logger.error({ lost }, `${lost} lines were lost`));
  for (const warning of [first.trouble, first.setAside]) if (warning) warn(warning);
  return {
    logger,
    reopen: async () => reopen(),
    trouble: () => trouble?.message,
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

interface OpenedFile {
  readonly fd: number;
  /** That something was moved aside, and where it is. */
  readonly setAside?: DaemonError | undefined;
  /** Why it is not the file that is open. */
  readonly trouble?: DaemonError;
}

function openAt(file: string, failure: ErrorCode): OpenedFile {
  try {
    const { fd, setAside } = openLogFile(file);
    return { fd, setAside: setAside === undefined ? undefined : new DaemonError('LOG_SET_ASIDE', setAside) };
  } catch (error) {
    throw asDaemonError(error, failure);
  }
}

/** Other users must not be able to keep the daemon from starting. */
function openOrStderr(file: string, failure: ErrorCode): OpenedFile {
  try {
    return openAt(file, failure);
  } catch (error) {
    const trouble = asDaemonError(error);
    if (trouble.code !== 'LOG_OCCUPIED') throw trouble;
    return { fd: STDERR, trouble };
  }
}

/** Hands lines on some at a time. */
class Gathered {
  readonly #target: Target;
  readonly #beforeWrite: () => void;
  #lines: string[] = [];
  #timer: NodeJS.Timeout | undefined;

  readonly flush = (): void => {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#beforeWrite();
    for (const line of this.#lines.splice(0)) this.#target.write(line);
  };

  constructor(target: Target, beforeWrite: () => void) {
    this.#target = target;
    this.#beforeWrite = beforeWrite;
  }

  write(line: string): void {
    this.#lines.push(line);
    this.#timer ??= setTimeout(this.flush, GATHERING);
  }
}

/** Directs the buffered lines to the new file. The old file is closed after the write in progress: the next event of
 * `target` marks its end, and the empty write makes sure that there is one. */
function swap(target: Target, fd: number): void {
  const before = target.fd;
  target.fd = fd;
  const close = () => {
    target.off('write', close).off('error', close);
    if (before !== STDERR) closeFile(before, () => {});
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
