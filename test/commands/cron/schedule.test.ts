import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkSchedules } from '../../../src/commands/cron/schedule.ts';
import { daily, hourly, interval, monthly, REFUSED, weekly } from '../../support/schedule-cases.ts';

for (const [what, schedule, message] of REFUSED) {
  test(`\`checkSchedules\` refuses ${what}`, () => {
    assert.equal(checkSchedules([daily, schedule]), `Schedule at index 1: ${message}`);
  });
}

const accepted: [string, object][] = [
  ['bounds of the day', { ...daily, hour: 0, minute: 0 }],
  ['the last minute', { ...daily, hour: 23, minute: 59 }],
  ['weekly without a day', weekly],
  ['weekly with a null day', { ...weekly, day_of_week: null }],
  ['weekly on 0 and 6', { ...weekly, day_of_week: 6 }],
  ['monthly without a day', { ...monthly, day_of_month: null }],
  ['monthly on 28', { ...monthly, day_of_month: 28 }],
  [
    'hours and days that the frequency does not use',
    { ...hourly, hour: 'x', day_of_week: 99, day_of_month: {} },
  ],
  ['minutes that an interval does not use', { ...interval, hour: null, minute: 'x' }],
  [
    'unknown fields',
    { ...daily, retention_value: 7, retention_unit: 'days', created_at: null, updated_at: {} },
  ],
  ['an interval larger than its field', { ...interval, interval_value: 90 }],
  ['an interval larger than cron can read', { ...interval, interval_value: 2 ** 31 }],
  ['a negative id', { ...daily, id: -1 }],
];

for (const [what, schedule] of accepted) {
  test(`\`checkSchedules\` accepts ${what}`, () => assert.equal(checkSchedules([schedule]), undefined));
}

test('`checkSchedules` refuses a value that is not a list, and entries that are not objects', () => {
  for (const value of [undefined, null, {}, 'x', 5])
    assert.equal(checkSchedules(value), 'schedules must be a list');
  for (const entry of [null, [], 'x', 5, true]) {
    assert.equal(checkSchedules([daily, entry]), 'Schedule at index 1 must be a dict');
  }
  assert.equal(checkSchedules([]), undefined);
});
