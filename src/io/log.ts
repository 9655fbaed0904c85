import pino from 'pino';
import sonic from 'sonic-boom';
import { DaemonError, messageOf } from '../errors.ts';
import { unicodeEscape } from './unicode-escape.ts';

export type Logger = pino.Logger;

export interface Log {
  readonly logger: Logger;
  /** For logrotate: the file was moved, open it anew. Resolves when it is open, or cannot be opened. */
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
}

/** Lines that a full disk holds back are dropped, and counted, beyond this: a log must not take all memory. */
const MAX_HELD_BYTES = 4 * 1024 * 1024;

/** How long (ms) a stop waits for the last lines. */
const CLOSE_LIMIT = 2_000;

/** What a terminal or an editor obeys and JSON does not escape: DEL, C1, line separators, direction marks. */
const RAW = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** JSON lines to `file`, and to stderr during the start. */
export async function openLog({
  file,
  level,
  maxHeldBytes = MAX_HELD_BYTES,
  fields = {},
}: LogSettings): Promise<Log> {
  // Not pino.destination(): it writes what is left when the process exits, and on a full disk tries that for ever.
  const target = new sonic.SonicBoom({
    dest: file,
    sync: false,
    mkdir: true,
    mode: 0o640,
    maxLength: maxHeldBytes,
  });
  await new Promise<void>((resolve, reject) => {
    target.once('ready', resolve);
    target.once('error', reject);
  }).catch((error: unknown) => {
    throw new DaemonError('LOG_UNWRITABLE', messageOf(error), error);
  });
  const stderr = pino.destination({ dest: 2, sync: true });
  let streams: { write(line: string): unknown }[] = [target, stderr];
  const both = { write: (line: string) => streams.forEach((stream) => void stream.write(line)) };
  const hooks = { streamWrite: (line: string) => line.replace(RAW, unicodeEscape) };
  const logger = pino({ level, base: fields, timestamp: pino.stdTimeFunctions.isoTime, hooks }, both);
  const reportLost = countLost(target, (lost) => logger.error({ lost }, `${lost} lines were lost`));
  return {
    logger,
    reopen: () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      const settled = () => {
        target.off('ready', settled).off('error', settled);
        resolve();
      };
      target.on('ready', settled).on('error', settled);
      reopen(target);
      return promise;
    },
    leaveStderr: () => {
      streams = [target];
    },
    close: async () => {
      reportLost();
      streams = streams.filter((stream) => stream !== target);
      await closed(target);
      target.destroy();
    },
  };
}

/** After one that failed, the next would close what was open before once for each: its number may be another's by then. */
function reopen(target: sonic.SonicBoom): void {
  const known = target.listeners('ready');
  target.reopen();
  const forget = () => {
    for (const listener of target.listeners('ready'))
      if (!known.includes(listener)) target.off('ready', listener as () => void);
  };
  target.once('error', forget).once('ready', () => target.off('error', forget));
}

/** Says how many lines did not find room, once there is some again. Gives what says it at once. */
function countLost(target: sonic.SonicBoom, say: (lost: number) => void): () => void {
  let lost = 0;
  let failed = false;
  const report = () => {
    const count = lost;
    lost = 0;
    if (count > 0) say(count);
    if (lost > 0) lost = count;
  };
  // A log that cannot be written must not stop what it reports; the next line tries again.
  target.removeAllListeners('error').on('error', () => {
    failed = true;
  });
  target.on('drain', report).on('drop', () => {
    lost++;
    // A line that does not fit is not tried, nor are those that wait: without this a log that was full stays so.
    if (failed) reopen(target);
    failed = false;
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
