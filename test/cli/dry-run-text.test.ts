import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PlanPreview } from '../../src/actors/process/steps/preview.ts';
import { dryRunText } from '../../src/cli/dry-run-text.ts';
import { sized } from '../../src/cli/looks.ts';

const IDLE = { at_once: true, behind: [], running: 0, max_running: 8 };
const NOTHING: PlanPreview = { type: 't', does: 'nothing', command: '/bin/rm -rf', args: {}, warnings: [] };
const REMOVAL = { ...NOTHING, does: 'remove', command: '/bin/rm -rf /r/a /r/b' } as const;

const told = (plan: PlanPreview, admission = IDLE) =>
  dryRunText({ code: 202, status: 'Accepted', admission, plan }).split('\n').slice(1, -1);

test('`dryRunText` prints an incomplete size as "at least", with the reason', () => {
  const size = { entries: 3, apparent_bytes: 2_000, freed_bytes: 4_096, complete: false };
  const paths = [
    { path: '/r/a', state: 'there', ...size, why: 'the time for it is over' },
    { path: '/r/b', state: 'unseen', why: 'the time for it is over' },
    { path: '/r/a/c', state: 'within', within: '/r/a' },
    { path: '/r/d', state: 'missing' },
  ] as const;
  assert.deepEqual(told({ ...REMOVAL, paths, total: size }), [
    'It would run: /bin/rm -rf /r/a /r/b',
    '  /r/a: at least 3 entries, 2.0 KiB, frees 4.0 KiB (the time for it is over)',
    '  /r/b: was not looked at (the time for it is over)',
    '  /r/a/c: goes with /r/a',
    '  /r/d: is missing',
    '  all together: at least 3 entries, 2.0 KiB, frees 4.0 KiB',
    'It would start at once.',
  ]);
});

test('`dryRunText` prints the commands that the command would wait for', () => {
  const full = { ...IDLE, at_once: false, running: 8 };
  const [nothing, place] = told(NOTHING, full);
  assert.equal(nothing, 'There is nothing to do.');
  assert.equal(place, 'It would wait for a free place: 8 of 8 commands run.');
  const [, others] = told(NOTHING, { ...full, behind: ['one', 'two'] as never });
  assert.equal(others, 'It would wait for one, two, on the same paths.');
});

test('`dryRunText` escapes control characters of the present cron file, and prints warnings', () => {
  const cron = {
    file: '/c/dbcalm',
    before: null,
    unread: 'it is a symlink',
    after: '',
    diff: '--- a\n+++ b\n-\u001b[2J\n',
    time_zone: 'UTC',
    lines: [{ line: '0 2 * * * root x', next: ['2026-11-26T02:00:00+00:00'] }],
  };
  const plan = { ...NOTHING, does: 'replace', command: '/bin/mv a b', warnings: ['odd'], cron } as const;
  assert.deepEqual(told(plan), [
    'It would run: /bin/mv a b',
    '/c/dbcalm cannot be compared: it is a symlink',
    '--- a',
    '+++ b',
    '-\\u001b[2J',
    'When cron would run each line next (UTC)',
    '  0 2 * * * root x',
    '    2026-11-26 02:00',
    'Note: odd',
    'It would start at once.',
  ]);
});

test('`sized` prints a size in the largest unit that fits', () => {
  assert.deepEqual([0, 1, 1_023, 1_024, 1_048_575, 5 * 2 ** 30, 3 * 2 ** 50].map(sized), [
    '0 bytes',
    '1 byte',
    '1023 bytes',
    '1.0 KiB',
    '1024.0 KiB',
    '5.0 GiB',
    '3072.0 TiB',
  ]);
});
