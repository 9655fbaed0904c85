import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cronExpression, crontab, stepWarning } from '../../../src/commands/cron/crontab.ts';
import type { Schedule } from '../../../src/commands/cron/schedule.ts';

const base = { id: 1, backup_type: 'full', enabled: true, hour: 2, minute: 30 } as const;
const of = (fields: object): Schedule => ({ ...base, frequency: 'daily', ...fields }) as Schedule;
const every = (interval_value: number, interval_unit: string) =>
  of({ frequency: 'interval', interval_value, interval_unit });

const expressions: [string, Schedule, string][] = [
  ['daily 02:30', of({}), '30 2 * * *'],
  ['weekly, day 1', of({ frequency: 'weekly', day_of_week: 1 }), '30 2 * * 1'],
  ['weekly, Sunday', of({ frequency: 'weekly', day_of_week: 0 }), '30 2 * * 0'],
  ['weekly, no day', of({ frequency: 'weekly' }), '30 2 * * *'],
  ['weekly, null day', of({ frequency: 'weekly', day_of_week: null }), '30 2 * * *'],
  ['monthly, day 15', of({ frequency: 'monthly', day_of_month: 15 }), '30 2 15 * *'],
  ['monthly, no day', of({ frequency: 'monthly' }), '30 2 * * *'],
  ['hourly at :30', of({ frequency: 'hourly' }), '30 * * * *'],
  ['interval, 15 minutes', every(15, 'minutes'), '*/15 * * * *'],
  ['interval, 2 hours', every(2, 'hours'), '0 */2 * * *'],
  ['midnight', of({ hour: 0, minute: 0 }), '0 0 * * *'],
];

for (const [what, schedule, expression] of expressions) {
  test(`\`cronExpression\` for ${what}`, () => assert.equal(cronExpression(schedule), expression));
}

const warnings: [Schedule, RegExp | undefined][] = [
  [every(15, 'minutes'), undefined],
  [every(60, 'minutes'), undefined],
  [every(24, 'hours'), undefined],
  [of({}), undefined],
  [
    every(7, 'minutes'),
    /^every 7 minutes does not divide the hour: cron fires at :00 :07 :14 :21 :28 :35 :42 :49 :56 of each hour$/,
  ],
  [
    every(5, 'hours'),
    /^every 5 hours does not divide the day: cron fires at 00:00 05:00 10:00 15:00 20:00 of each day$/,
  ],
  [every(90, 'minutes'), /fires once, every hour at :00$/],
  [every(3_000_000_000, 'minutes'), /^every 3000000000 minutes is more than cron can count: it fires once/],
  [every(48, 'hours'), /^every 48 hours is more than cron can count: it fires once, every day at 00:00$/],
];

for (const [schedule, warning] of warnings) {
  test(`\`stepWarning\` for every ${schedule.interval_value} ${schedule.interval_unit}`, () => {
    if (warning === undefined) assert.equal(stepWarning(schedule), undefined);
    else assert.match(stepWarning(schedule) as string, warning);
  });
}

test('`crontab` writes the header, the cleanup job and the enabled schedules in the order received', () => {
  const schedules = [of({ id: 2 }), of({ id: 3, enabled: false }), of({ id: 1, backup_type: 'incremental' })];
  const { content, warnings: none } = crontab(schedules, 'shop', new Date('2026-11-23T02:30:00.999Z'));
  assert.equal(
    content,
    [
      '# DBCalm Backup Schedules',
      '# Auto-generated - do not edit manually',
      '# Last updated: 2026-11-23 02:30:00 UTC',
      '',
      '# Daily cleanup job',
      '0 2 * * * root /usr/bin/dbcalm cleanup >> /var/log/shop/cleanup.log 2>&1',
      '',
      '# Schedule ID: 2',
      '30 2 * * * root /usr/bin/dbcalm backup full --schedule-id 2 >> /var/log/shop/cron-2.log 2>&1',
      '',
      '# Schedule ID: 1',
      '30 2 * * * root /usr/bin/dbcalm backup incremental --schedule-id 1 >> /var/log/shop/cron-1.log 2>&1',
      '',
      '',
    ].join('\n'),
  );
  assert.deepEqual(none, []);
});

test('`crontab` does not read the fields that a frequency does not use', () => {
  const poisoned = { toString: 1, valueOf: 1 };
  const { content } = crontab([of({ interval_value: poisoned, day_of_week: poisoned })], 'shop', new Date(0));
  assert.match(content, /^30 2 \* \* \* root /m);
});
