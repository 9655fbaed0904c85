import { namedLogDirectory } from '../../io/fs/names.ts';
import { crontabObjection } from './crontab-reader.ts';
import type { Schedule } from './schedule.ts';

export interface Crontab {
  readonly content: string;
  readonly warnings: readonly string[];
  /** The names of the files that the lines append to. */
  readonly logs: readonly string[];
}

/** cron reads a step with atoi(): a larger one overflows, and cron then refuses the whole file. */
const MAX_STEP = 2_147_483_647;

/** The five fields of a checked schedule. */
export function cronExpression(schedule: Schedule): string {
  const { minute, hour } = schedule;
  switch (schedule.frequency) {
    case 'daily':
      return `${minute} ${hour} * * *`;
    case 'weekly':
      return `${minute} ${hour} * * ${schedule.day_of_week ?? '*'}`;
    case 'monthly':
      return `${minute} ${hour} ${schedule.day_of_month ?? '*'} * *`;
    case 'hourly':
      return `${minute} * * * *`;
    case 'interval': {
      const step = Math.min(schedule.interval_value as number, MAX_STEP);
      return schedule.interval_unit === 'hours' ? `0 */${step} * * *` : `*/${step} * * * *`;
    }
  }
}

/** What cron makes of a step that does not divide its field: it starts again at each full hour or day. */
export function stepWarning(schedule: Schedule): string | undefined {
  if (schedule.frequency !== 'interval') return undefined;
  const hours = schedule.interval_unit === 'hours';
  const field = hours ? 24 : 60;
  const step = schedule.interval_value as number;
  if (field % step === 0) return undefined;
  const unit = hours ? 'hours' : 'minutes';
  const whole = hours ? 'day at 00:00' : 'hour at :00';
  if (step >= field)
    return `every ${step} ${unit} is more than cron can count: it fires once, every ${whole}`;
  const at = Array.from({ length: Math.ceil(field / step) }, (_, i) => String(i * step).padStart(2, '0'));
  const marks = at.map((mark) => (hours ? `${mark}:00` : `:${mark}`)).join(' ');
  return `every ${step} ${unit} does not divide the ${hours ? 'day' : 'hour'}: cron fires at ${marks} of each ${hours ? 'day' : 'hour'}`;
}

/** How many lines of the file are above the first schedule's. */
const HEAD_LINES = 7;

/** The length of the file that `crontab()` makes of checked schedules. */
export function crontabLines(schedules: readonly Schedule[]): number {
  const linesOf = (schedule: Schedule) => (stepWarning(schedule) === undefined ? 3 : 4);
  return schedules
    .filter(({ enabled }) => enabled)
    .reduce((lines, schedule) => lines + linesOf(schedule), HEAD_LINES);
}

/** The whole file that replaces `/etc/cron.d/<project>`; enabled schedules only, in the order received. Throws where the
 * strict reader objects to it: then no schedule or name can have been checked as it should. */
export function crontab(schedules: readonly Schedule[], projectName: string, now: Date): Crontab {
  const logs: string[] = [];
  const log = (name: string) => {
    logs.push(`${name}.log`);
    return `>> ${namedLogDirectory(projectName)}/${name}.log 2>&1`;
  };
  const updated = now.toISOString().slice(0, 19).replace('T', ' ');
  const lines = [
    '# DBCalm Backup Schedules',
    '# Auto-generated - do not edit manually',
    `# Last updated: ${updated} UTC`,
    '',
    '# Daily cleanup job',
    `0 2 * * * root /usr/bin/dbcalm cleanup ${log('cleanup')}`,
    '',
  ];
  const warnings: string[] = [];
  for (const schedule of schedules.filter(({ enabled }) => enabled)) {
    const { id, backup_type: type } = schedule;
    const warning = stepWarning(schedule);
    lines.push(`# Schedule ID: ${id}`);
    if (warning !== undefined) {
      lines.push(`# Note: ${warning}`);
      warnings.push(`schedule ${id}: ${warning}`);
    }
    const job = `/usr/bin/dbcalm backup ${type} --schedule-id ${id}`;
    lines.push(`${cronExpression(schedule)} root ${job} ${log(`cron-${id}`)}`, '');
  }
  const content = `${lines.join('\n')}\n`;
  const objection = crontabObjection(content);
  if (objection !== undefined) throw new Error(`the cron file would not be safe: ${objection}`);
  return { content, warnings, logs: [...new Set(logs)] };
}
