import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cronExpression, crontab, crontabLines, stepWarning } from '../../../src/commands/cron/crontab.ts';
import { crontabObjection, MAX_LINES } from '../../../src/commands/cron/crontab-reader.ts';
import { checkSchedules, type Schedule } from '../../../src/commands/cron/schedule.ts';
import { planRequest } from '../../../src/commands/request.ts';
import { WHITELIST } from '../../../src/commands/whitelist.ts';

const hourly = { id: 1, backup_type: 'full', frequency: 'hourly', enabled: true, minute: 5 } as const;
const NOW = new Date('2026-11-23T02:30:00Z');

/** Returns a random generator with the same numbers for the same seed (xorshift). */
function seeded(seed: number) {
  let state = seed;
  const next = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  const between = (low: number, high: number) => low + Math.floor(next() * (high - low + 1));
  const among = <T>(...values: T[]) => values[between(0, values.length - 1)] as T;
  return { between, among };
}

function randomSchedule({ between, among }: ReturnType<typeof seeded>): Schedule {
  const { MAX_SAFE_INTEGER: max, MIN_SAFE_INTEGER: min } = Number;
  return {
    id: among(between(0, 99), between(min, max), min, max, -0),
    backup_type: among('full', 'incremental'),
    frequency: among('daily', 'weekly', 'monthly', 'hourly', 'interval'),
    enabled: among(true, true, false),
    hour: between(0, 23),
    minute: between(0, 59),
    day_of_week: among(null, between(0, 6)),
    day_of_month: among(null, between(1, 28)),
    interval_value: among(between(1, 100), between(1, max), max),
    interval_unit: among('minutes', 'hours'),
  };
}

test('`crontabObjection` accepts the files of 5,000 random schedules, one by one and in hundreds', () => {
  const random = seeded(20_261_123);
  for (let round = 0; round < 50; round++) {
    const schedules = Array.from({ length: 100 }, () => randomSchedule(random));
    assert.equal(checkSchedules(schedules), undefined);
    for (const part of [schedules, ...schedules.map((schedule) => [schedule])]) {
      const { content } = crontab(part, random.among('dbcalm', 'a', '_-9'.repeat(10)), NOW);
      assert.equal(crontabObjection(content), undefined);
      assert.equal(content.split('\n').length - 1, crontabLines(part), 'as long as was foretold');
    }
  }
});

const unchecked: [string, object, string, RegExp][] = [
  ['an id with a command', { id: '1; id' }, 'dbcalm', /line 9: the command is none of the known ones$/],
  ['an id with a line', { id: '1\n* * * * * root id' }, 'dbcalm', /line 9: the command/],
  ['an id of many digits', { id: 1e21 }, 'dbcalm', /line 9: the command/],
  ['another type', { backup_type: '--help' }, 'dbcalm', /line 9: the command/],
  ['another frequency', { frequency: 'yearly' }, 'dbcalm', /line 9: "undefined" is no minute$/],
  ['a minute too many', { minute: 60 }, 'dbcalm', /line 9: "60" is no minute$/],
  ['a minute of text', { minute: '*\t' }, 'dbcalm', /line 9: a character that is not printable ASCII$/],
  ['a project with a slash', {}, '../tmp', /line 6: the command/],
  ['a project with a %', {}, 'a%b', /line 6: a %/],
];

for (const [what, fields, project, objection] of unchecked) {
  test(`\`crontab\` throws for unchecked input: ${what}`, () => {
    const schedules = [{ ...hourly, ...fields } as Schedule];
    assert.throws(() => crontab(schedules, project, NOW), objection);
  });
}

test('update_cron_schedules refuses a file with more lines than cron reads', () => {
  const settings = {
    projectName: 'dbcalm',
    cronFile: '/c/dbcalm',
    cronLogDirectory: '/l',
    deletionRoots: ['/r'],
  };
  const outcome = (count: number, fields: object = {}) => {
    const schedules = Array.from({ length: count }, (_, id) => ({ ...hourly, id, ...fields }));
    const request = { cmd: 'update_cron_schedules', args: { schedules } };
    const planned = planRequest(request, WHITELIST, settings as never, { at: NOW, id: 'x' });
    return 'ok' in planned ? 202 : [planned.refusal.code, planned.refusal.message];
  };
  const refusal = (lines: number) => [
    400,
    `schedules must make a cron file of at most ${MAX_LINES} lines, not ${lines}: cron would ignore all of it`,
  ];
  assert.equal(outcome(3_331), 202);
  assert.deepEqual(outcome(3_332), refusal(10_003));
  assert.equal(outcome(9_000, { enabled: false }), 202);
  const odd = { frequency: 'interval', interval_value: 7, interval_unit: 'minutes' };
  assert.equal(outcome(2_498, odd), 202);
  assert.deepEqual(outcome(2_499, odd), refusal(10_003));
});

/** Returns the values at which cron runs a step, which it counts from the start of each hour or day. */
function firings(step: number, field: number): number[] {
  return Array.from({ length: field }, (_, value) => value).filter((value) => value % step === 0);
}

for (const [unit, field] of [
  ['minutes', 60],
  ['hours', 24],
] as const) {
  test(`\`stepWarning\` lists when cron fires, for every number of ${unit}`, () => {
    for (let step = 1; step <= 4 * field; step++) {
      const schedule = {
        ...hourly,
        frequency: 'interval',
        interval_value: step,
        interval_unit: unit,
      } as const;
      const warning = stepWarning(schedule);
      const fires = firings(step, field);
      const even = fires.length * step === field;
      assert.equal(warning === undefined, even, `every ${step} ${unit}`);
      assert.equal(cronExpression(schedule), unit === 'hours' ? `0 */${step} * * *` : `*/${step} * * * *`);
      if (warning === undefined) continue;
      const named = [...warning.matchAll(unit === 'hours' ? /\b(\d\d):00/g : /:(\d\d)\b/g)];
      assert.deepEqual(
        named.map(([, mark]) => Number(mark)),
        fires,
        warning,
      );
    }
  });
}
