/** Where two daemons differ. */
import { unifiedDiff } from '../../commands/cron/unified-diff.ts';
import type { Side } from './sides.ts';

export interface Difference {
  readonly what: 'code' | 'message' | 'command' | 'cron file';
  readonly theirs: string;
  readonly ours: string;
  /** Of the cron file, as `diff -u` has it. */
  readonly diff?: string;
}

/** Returns the differences. A value that only one side has is no difference. */
export async function differencesOf(theirs: Side, ours: Side): Promise<Difference[]> {
  const found: Difference[] = [];
  const note = (what: Difference['what'], their: unknown, our: unknown) => {
    if (their !== our) found.push({ what, theirs: shown(their), ours: shown(our) });
  };
  note('code', theirs.code, ours.code);
  if (theirs.code === undefined || reasonless(theirs.message) !== reasonless(ours.message))
    note('message', theirs.message, ours.message);
  if (theirs.command !== undefined && ours.command !== undefined)
    note('command', theirs.command, ours.command);
  if (theirs.cron !== undefined && ours.cron !== undefined) {
    const [their, our] = [timeless(theirs.cron), timeless(ours.cron)];
    if (their !== our)
      found.push({
        what: 'cron file',
        theirs: theirs.cron,
        ours: ours.cron,
        diff: await unifiedDiff('cron', their, our),
      });
  }
  return found;
}

const shown = (value: unknown): string => (value === undefined ? 'none' : String(value));

/** Why it is no JSON each parser says in its own words. */
const reasonless = (message: string | undefined) => message?.replace(/^(Invalid JSON): [\s\S]*/, '$1');

const timeless = (text: string) => text.replace(/^# Last updated: .*$/m, '# Last updated: …');
