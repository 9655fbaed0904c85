/** The strict reader of the cron file. It accepts less than cron does: exactly the lines that this daemon has a use for.
 * It shares nothing with what writes them, so that neither's mistake is the other's too. */

/** cron ignores the whole of a longer file; its own word, though its count lets two or three lines more pass. */
export const MAX_LINES = 10_000;

/** cron reads a step with atoi(): a larger one overflows, and cron then ignores the whole file. */
const MAX_STEP = 2_147_483_647;

const FIELDS = [
  { name: 'minute', low: 0, high: 59 },
  { name: 'hour', low: 0, high: 23 },
  { name: 'day of month', low: 1, high: 31 },
  { name: 'month', low: 1, high: 12 },
  { name: 'day of week', low: 0, high: 7 },
] as const;

const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;
const NOT_PRINTABLE_ASCII = /[^ -~]/;
const WHOLE = /^(0|[1-9]\d{0,9})$/;

const LOG = '/var/log/[a-z0-9_-]{1,32}';
const BACKUP = 'backup (?:full|incremental) --schedule-id (0|-?[1-9]\\d{0,15})';
const COMMAND = new RegExp(
  `^/usr/bin/dbcalm (?:cleanup >> ${LOG}/cleanup\\.log|${BACKUP} >> ${LOG}/cron-\\1\\.log) 2>&1$`,
);

/** Returns the first error in the text of a whole cron file, as "line <n>: <what>"; undefined if there is none. */
export function crontabObjection(text: string): string | undefined {
  const lines = text.split('\n');
  if (lines.pop() !== '') return `line ${lines.length + 1}: the final newline is missing`;
  if (lines.length > MAX_LINES) return `line ${MAX_LINES + 1}: there are more than ${MAX_LINES} lines`;
  for (const [index, line] of lines.entries()) {
    const wrong = lineObjection(line);
    if (wrong !== undefined) return `line ${index + 1}: ${wrong}`;
  }
  return undefined;
}

function lineObjection(line: string): string | undefined {
  if (line === '') return undefined;
  if (line.startsWith('#')) return CONTROL.test(line) ? 'a control character in a comment' : undefined;
  return jobObjection(line);
}

function jobObjection(line: string): string | undefined {
  if (NOT_PRINTABLE_ASCII.test(line)) return 'a character that is not printable ASCII';
  if (line.includes('%')) return 'a %, which ends the command for cron';
  const words = line.split(' ');
  for (const [index, field] of FIELDS.entries()) {
    const word = words[index] ?? '';
    if (!fits(word, field)) return `${JSON.stringify(word)} is no ${field.name}`;
  }
  const [user, ...command] = words.slice(FIELDS.length);
  if (user !== 'root') return `the user is ${JSON.stringify(user ?? '')}, not root`;
  return COMMAND.test(command.join(' ')) ? undefined : 'the command is none of the known ones';
}

/** A number within the field's range, `*` or a step over all of it. */
function fits(word: string, { low, high }: (typeof FIELDS)[number]): boolean {
  if (word === '*') return true;
  if (word.startsWith('*/')) return isWhole(word.slice(2), 1, MAX_STEP);
  return isWhole(word, low, high);
}

function isWhole(word: string, low: number, high: number): boolean {
  return WHOLE.test(word) && Number(word) >= low && Number(word) <= high;
}
