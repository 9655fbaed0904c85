import { setImmediate } from 'node:timers/promises';
import type { ReplaceStep } from '../../../commands/command.ts';
import { CronTimes, jobsOf } from '../../../commands/cron/cron-times.ts';
import { unifiedDiff } from '../../../commands/cron/unified-diff.ts';
import { DaemonError } from '../../../errors.ts';
import { cronLogsObjection } from '../../../io/fs/cron-logs.ts';
import { readPresentFile } from '../../../io/fs/read-if-exists.ts';
import { directoryObjection } from '../../../io/fs/staged-file.ts';
import { systemTimeZone } from '../../../io/os/time-zone.ts';

/** What a cron file would become. */
export interface CronPreview {
  readonly file: string;
  /** Null: there is none, or `unread` says why it could not be read. */
  readonly before: string | null;
  readonly unread?: string;
  readonly after: string;
  /** Why the command would fail as things are: at its directory or at the log files of its lines. */
  readonly refused?: string;
  /** As `diff -u` has it. */
  readonly diff: string;
  /** The one that cron lives in. */
  readonly time_zone: string;
  /** Those of `after` that run something, and when they will: ISO 8601 in that zone. */
  readonly lines: readonly { readonly line: string; readonly next: readonly string[] }[];
}

const TIMES = 3;
/** How many lines are handled before the event loop continues: each takes a tenth of a millisecond. */
const LINES_A_TURN = 20;

/** Reads the file as it is, and changes nothing. Throws PREVIEW_TOO_SLOW once `signal` is aborted. */
export async function previewReplacement(
  { target: file, content: after, logs }: ReplaceStep,
  now: Date,
  signal: AbortSignal,
): Promise<CronPreview> {
  const { text, unread } = await readPresentFile(file);
  const refused = (await cronLogsObjection(logs))?.message ?? directoryObjection(file);
  const time_zone = systemTimeZone();
  const times = new CronTimes(time_zone);
  const lines: CronPreview['lines'][number][] = [];
  for (const line of jobsOf(after)) {
    if (lines.length % LINES_A_TURN === LINES_A_TURN - 1) await setImmediate();
    if (signal.aborted) throw new DaemonError('PREVIEW_TOO_SLOW', file);
    lines.push({ line, next: times.next(line, now, TIMES) });
  }
  return {
    file,
    before: text ?? null,
    ...(unread === undefined ? {} : { unread }),
    ...(refused === undefined ? {} : { refused }),
    after,
    diff: await unifiedDiff(file, text, after),
    time_zone,
    lines,
  };
}
