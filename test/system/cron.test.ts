import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CronTimes } from '../../src/commands/cron/cron-times.ts';
import { cronExpression, crontab, stepWarning } from '../../src/commands/cron/crontab.ts';
import { crontabObjection } from '../../src/commands/cron/crontab-reader.ts';
import type { Schedule } from '../../src/commands/cron/schedule.ts';
import { noCron, startCron } from '../support/cron-jail.ts';
import { startDaemon } from '../support/daemon.ts';
import { testFolder } from '../support/folder.ts';
import { until } from '../support/until.ts';

const skip = noCron();

const scheduled = (id: number, frequency: string, fields: object = {}): Schedule =>
  ({ id, backup_type: 'full', frequency, enabled: true, hour: 2, minute: 30, ...fields }) as Schedule;
const every = (interval_value: number, interval_unit: string, id = interval_value) =>
  scheduled(id, 'interval', { interval_value, interval_unit });

/** Their ids are their numbers of minutes. */
const intervals = [
  ...Array.from({ length: 60 }, (_, index) => every(index + 1, 'minutes')),
  every(90, 'minutes'),
];
const others = [
  scheduled(101, 'daily'),
  scheduled(102, 'weekly', { day_of_week: 0 }),
  scheduled(103, 'monthly', { day_of_month: 28 }),
  scheduled(104, 'hourly', { backup_type: 'incremental' }),
  every(5, 'hours', 105),
  every(48, 'hours', 106),
  every(Number.MAX_SAFE_INTEGER, 'minutes', 107),
  every(Number.MAX_SAFE_INTEGER, 'hours', Number.MIN_SAFE_INTEGER),
];

/** A job is due within a minute, which is as long as `until` waits. */
const untilNextMinute = <T>(what: string, look: () => T | undefined) =>
  until(what, look).catch(() => until(what, look));

const complaints = (messages: readonly string[]) =>
  messages.filter((message) => /error|ignored|insecure|wrong|fail/i.test(message));

/** Returns the starts of jobs: the minute of the hour, and the id of the schedule. */
function begun(messages: readonly string[]): { minute: number; id: number }[] {
  const job =
    /:(\d\d):\d\d CRON\[\d+\]: \(root\) CMD \(\[\d+\] \/usr\/bin\/dbcalm backup .* --schedule-id (\S+) /;
  return messages.flatMap((message) => {
    const [, minute, id] = job.exec(message) ?? [];
    return minute === undefined ? [] : [{ minute: Number(minute), id: Number(id) }];
  });
}

/** Returns whether a dry run would show this minute. The intervals are in minutes, so any hour will do. */
function isForeseen(schedule: Schedule, minute: number): boolean {
  const time = Date.UTC(2026, 10, 25, 10, minute);
  const [next] = new CronTimes('UTC').next(cronExpression(schedule), new Date(time - 1), 1);
  return new Date(next as string).getTime() === time;
}

/** Returns whether the schedule is due by the warning in the file and in the log, if there is one. */
function isDue(schedule: Schedule, minute: number): boolean {
  const warning = stepWarning(schedule);
  if (warning === undefined) return minute % (schedule.interval_value as number) === 0;
  return new RegExp(`:${String(minute).padStart(2, '0')}\\b`).test(warning);
}

test("cron loads the daemon's file and runs its jobs at the times of the file", { skip }, async (t) => {
  const daemon = await startDaemon(t);
  const { folder, cronFile } = daemon.at;
  await daemon.carryOut('update_cron_schedules', { schedules: [...intervals, ...others] });
  assert.equal(crontabObjection(readFileSync(cronFile, 'utf8')), undefined);
  const cron = await startCron(folder);
  try {
    assert.deepEqual(complaints(cron.messages()), []);
    await untilNextMinute('the job of every minute', () => cron.calls().find((call) => / 1$/.test(call)));
    // The messages of cron take another path than its jobs, which may be slower.
    const first = await until('cron to tell of it', () => begun(cron.messages()).find(({ id }) => id === 1));
    const { minute } = first;
    const due = intervals.filter((schedule) => isDue(schedule, minute)).map(({ id }) => id);
    const foreseen = intervals.filter((schedule) => isForeseen(schedule, minute)).map(({ id }) => id);
    assert.deepEqual(foreseen, due, 'what a dry run tells is what the file says');
    const call = (id: number) => `backup full --schedule-id ${id}`;
    await until('the other jobs of that minute', () => due.every((id) => cron.calls().includes(call(id))));
    const ran = () => {
      const jobs = begun(cron.messages()).filter(
        (job) => job.minute === minute && job.id > 0 && job.id < 100,
      );
      return jobs.map(({ id }) => id).sort((a, b) => a - b);
    };
    await until('cron to tell of them', () => ran().length >= due.length);
    assert.deepEqual(ran(), due);
    assert.match(readFileSync(join(folder, 'log', 'dbcalm', 'cron-1.log'), 'utf8'), /^called\n/);
    assert.deepEqual(complaints(cron.messages()), []);
  } finally {
    await cron.stop();
  }
});

const good = crontab([scheduled(1, 'hourly')], 'dbcalm', new Date(0)).content;
const many = (count: number) =>
  crontab(
    Array.from({ length: count }, (_, id) => every(60, 'minutes', id)),
    'dbcalm',
    new Date(0),
  ).content;

/** The files that both accept, and those that both refuse, by name. */
const files: { [name: string]: { text: string; cronSays?: RegExp } } = {
  hourly: { text: good },
  'as-long-as-can-be': { text: many(3_331) },
  'comment-beyond-ascii': { text: `# Grüße, 100 %\n${good}` },
  empty: { text: '' },
  'bounds-of-fields': { text: good.replace('30 * * * *', '59 23 31 12 7') },
  'too-long': { text: many(3_331) + good, cronSays: /must not be longer than 10000 lines/ },
  'no-final-newline': { text: good.trimEnd(), cronSays: /Missing newline before EOF/ },
  'no-such-user': { text: good.replaceAll(' root ', ' nobody-here '), cronSays: /bad username/ },
  'six-fields': { text: good.replace('30 *', '30 * *'), cronSays: /bad username/ },
  'four-fields': { text: good.replace('30 *', '30'), cronSays: /bad day-of-week/ },
  'minute-60': { text: good.replace('30 *', '60 *'), cronSays: /bad minute/ },
  'hour-24': { text: good.replace('30 *', '30 24'), cronSays: /bad hour/ },
  'day-0': { text: good.replace('30 * *', '30 1 0'), cronSays: /bad day-of-month/ },
  'weekday-8': { text: good.replace('30 * * * *', '30 1 * * 8'), cronSays: /bad day-of-week/ },
  'step-0': { text: good.replace('30 *', '*/0 *'), cronSays: /bad minute/ },
  'step-that-overflows': { text: good.replace('30 *', '*/2147483648 *'), cronSays: /bad minute/ },
  'byte-order-mark': { text: `\ufeff${good}`, cronSays: /bad minute/ },
  'one-bad-line': { text: `${good}hello world\n`, cronSays: /bad minute/ },
};

test('`crontabObjection` and cron refuse the same files', { skip }, async (t) => {
  const folder = testFolder(t);
  for (const name of ['cron.d', 'log']) mkdirSync(join(folder, name));
  for (const [name, { text }] of Object.entries(files)) writeFileSync(join(folder, 'cron.d', name), text);
  const cron = await startCron(folder);
  try {
    for (const [name, { text, cronSays }] of Object.entries(files)) {
      const about = cron.messages().filter((message) => new RegExp(`[/*]${name}\\b(?!-)`).test(message));
      if (cronSays === undefined) {
        assert.deepEqual([name, crontabObjection(text), about], [name, undefined, []]);
      } else {
        assert.match(crontabObjection(text) ?? 'no objection', /^line \d+: /, name);
        assert.match(about.join('\n'), cronSays, name);
        assert.match(about.join('\n'), /ERROR .*this crontab file will be ignored/, name);
      }
    }
  } finally {
    await cron.stop();
  }
});
