import assert from 'node:assert/strict';
import { test } from 'node:test';
import { between, duration, moment } from '../../src/cli/looks.ts';
import { parseLimit, parseSince } from '../../src/cli/since.ts';

const NOW = new Date('2026-11-24T12:00:00Z');

test('`parseSince` accepts an age or an ISO time, in UTC unless a zone is given', () => {
  const cases: [string, string][] = [
    ['90s', '2026-11-24 11:58:30.000000'],
    ['10m', '2026-11-24 11:50:00.000000'],
    ['2h', '2026-11-24 10:00:00.000000'],
    ['3d', '2026-11-21 12:00:00.000000'],
    ['2026-11-20', '2026-11-20 00:00:00.000000'],
    ['2026-11-20T10:30', '2026-11-20 10:30:00.000000'],
    ['2026-11-20 10:30:15.250000', '2026-11-20 10:30:15.250000'],
    ['2026-11-20T10:30:00+02:00', '2026-11-20 08:30:00.000000'],
  ];
  for (const [text, wanted] of cases) assert.equal(parseSince(text, NOW), wanted, text);
  for (const text of ['', 'x', '2', '2w', '-2h', '2026-13-01', '2026-11-20T25:00', 'yesterday'])
    assert.throws(() => parseSince(text, NOW), /Give 10m/, text);
});

test('`parseLimit` accepts a whole number from 1', () => {
  assert.equal(parseLimit('7'), 7);
  for (const text of ['0', '-1', '1.5', 'x', '', '1e3'])
    assert.throws(() => parseLimit(text), /whole number/, text);
});

test('`moment`, `between` and `duration` format times for a reader', () => {
  assert.equal(moment('2026-11-24 02:20:54.788000'), '2026-11-24 02:20:54.788');
  assert.equal(between('2026-11-24 02:20:54.788000', '2026-11-24 02:20:54.816000'), 28);
  const cases: [number, string][] = [
    [28, '0.028 s'],
    [12_345, '12.3 s'],
    [61_000, '1 min 1 s'],
    [3_720_000, '1 h 2 min'],
    [Number.NaN, '?'],
  ];
  for (const [ms, wanted] of cases) assert.equal(duration(ms), wanted);
});
