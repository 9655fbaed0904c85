import { Cron } from 'croner';

/** How many values the five fields have: a larger step means their first value alone, for cron as for this. */
const VALUES = [60, 24, 31, 12, 7] as const;

const OFFSET = { timeZoneName: 'longOffset' } as const;
const CLOCK = {
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
} as const;

/** The lines of a cron file that run something. */
export function jobsOf(content: string): string[] {
  return content.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

/** Tells when cron runs the jobs of the files that are written here. A job of a fixed time that the clock leaves out runs
 * right after, and one that it has twice runs once; others go by the clock. Source: cron(8) of Debian. */
export class CronTimes {
  readonly #timeZone: string;
  readonly #format: Intl.DateTimeFormat;

  /** `timeZone`: the one that cron lives in, as `Europe/Berlin`. */
  constructor(timeZone: string) {
    this.#timeZone = timeZone;
    this.#format = new Intl.DateTimeFormat('en', { timeZone, ...CLOCK, ...OFFSET });
  }

  /** The next `count` times after `from`, as ISO 8601 in cron's time zone. */
  next(job: string, from: Date, count: number): string[] {
    const fields = job.split(' ').slice(0, VALUES.length).map(withinField);
    const cron = new Cron(fields.join(' '), { timezone: this.#timeZone });
    return cron.nextRuns(count, from).map((time) => this.#iso(time));
  }

  #iso(time: Date): string {
    const parts = Object.fromEntries(
      this.#format.formatToParts(time).map(({ type, value }) => [type, value]),
    );
    const { year, month, day, hour, minute, second, timeZoneName = '' } = parts;
    const offset = timeZoneName.replace('GMT', '') || '+00:00';
    return `${year}-${month}-${day}T${hour}:${minute}:${second}${offset}`;
  }
}

/** The library refuses a step that is larger than its field. */
function withinField(field: string, index: number): string {
  const most = VALUES[index] as number;
  return field.startsWith('*/') ? `*/${Math.min(Number(field.slice(2)), most)}` : field;
}
