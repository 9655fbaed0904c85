import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CronTimes, jobsOf } from '../../../src/commands/cron/cron-times.ts';
import { cronExpression, crontab } from '../../../src/commands/cron/crontab.ts';
import type { Schedule } from '../../../src/commands/cron/schedule.ts';

const NOON = new Date('2026-11-25T12:00:00Z');
const utc = new CronTimes('UTC');
const berlin = new CronTimes('Europe/Berlin');

const base = { id: 1, backup_type: 'full', enabled: true, hour: 2, minute: 30 } as const;
const scheduled = (fields: object): Schedule => ({ ...base, frequency: 'daily', ...fields }) as Schedule;
const every = (interval_value: number, interval_unit: string) =>
  scheduled({ frequency: 'interval', interval_value, interval_unit });

/** By day and time, since the year and the zone are the same in all. */
const times: [string, Schedule, string[]][] = [
  ['daily', scheduled({}), ['11-26 02:30', '11-27 02:30', '11-28 02:30']],
  ['weekly, Sunday', scheduled({ frequency: 'weekly', day_of_week: 0 }), ['11-29 02:30', '12-06 02:30']],
  ['weekly, no day', scheduled({ frequency: 'weekly' }), ['11-26 02:30', '11-27 02:30']],
  ['monthly, day 28', scheduled({ frequency: 'monthly', day_of_month: 28 }), ['11-28 02:30', '12-28 02:30']],
  ['hourly', scheduled({ frequency: 'hourly' }), ['11-25 12:30', '11-25 13:30']],
  ['every 15 minutes', every(15, 'minutes'), ['11-25 12:15', '11-25 12:30', '11-25 12:45', '11-25 13:00']],
  ['every 45 minutes starts again at the hour', every(45, 'minutes'), ['11-25 12:45', '11-25 13:00']],
  ['every 90 minutes is once an hour', every(90, 'minutes'), ['11-25 13:00', '11-25 14:00']],
  [
    'every 5 hours starts again at midnight',
    every(5, 'hours'),
    ['11-25 15:00', '11-25 20:00', '11-26 00:00'],
  ],
  ['every 48 hours is once a day', every(48, 'hours'), ['11-26 00:00', '11-27 00:00']],
  ['more than cron can count', every(2 ** 40, 'minutes'), ['11-25 13:00', '11-25 14:00']],
];

for (const [what, schedule, wanted] of times) {
  test(`\`CronTimes\` gives the next times: ${what}`, () => {
    const found = utc.next(`${cronExpression(schedule)} root /bin/true`, NOON, wanted.length);
    assert.deepEqual(
      found,
      wanted.map((time) => `2026-${time.replace(' ', 'T')}:00+00:00`),
    );
  });
}

test('`CronTimes` excludes the present minute', () => {
  assert.deepEqual(utc.next('0 12 * * * root x', NOON, 1), ['2026-11-26T12:00:00+00:00']);
});

test('`CronTimes` runs a fixed time that the clock skips right after the gap, and others by the clock', () => {
  const night = new Date('2026-03-28T23:45:00Z');
  assert.deepEqual(berlin.next('30 2 * * * root x', night, 2), [
    '2026-03-29T03:00:00+02:00',
    '2026-03-30T02:30:00+02:00',
  ]);
  assert.deepEqual(berlin.next('30 * * * * root x', night, 3), [
    '2026-03-29T01:30:00+01:00',
    '2026-03-29T03:30:00+02:00',
    '2026-03-29T04:30:00+02:00',
  ]);
});

test('`CronTimes` runs a fixed time that the clock repeats only once, and others by the clock', () => {
  const night = new Date('2026-10-24T23:45:00Z');
  assert.deepEqual(berlin.next('30 2 * * * root x', night, 2), [
    '2026-10-25T02:30:00+02:00',
    '2026-10-26T02:30:00+01:00',
  ]);
  assert.deepEqual(berlin.next('0 */2 * * * root x', night, 3), [
    '2026-10-25T02:00:00+02:00',
    '2026-10-25T02:00:00+01:00',
    '2026-10-25T04:00:00+01:00',
  ]);
});

test('`jobsOf` gives the lines of a file that are not comments', () => {
  const { content } = crontab([scheduled({}), every(90, 'minutes')], 'dbcalm', NOON);
  assert.deepEqual(
    jobsOf(content).map((line) => line.split(' root ')[0]),
    ['0 2 * * *', '30 2 * * *', '*/90 * * * *'],
  );
});
