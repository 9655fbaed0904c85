import assert from 'node:assert/strict';
import { test } from 'node:test';
import { subjectOf } from '../../../src/io/log/audit.ts';

const many = (count: number, path: string) => Array.from({ length: count }, () => path);

test('`subjectOf` keeps the first thousand paths, and the number of the others', () => {
  const { paths, paths_left } = subjectOf(many(1_003, '/r'), null);
  assert.deepEqual([paths.length, paths_left], [1_000, 3]);
  assert.deepEqual(subjectOf(many(1_000, '/r'), null).paths_left, 0);
});

test('`subjectOf` keeps as many long paths as fit into its limit as JSON', () => {
  const { paths, paths_left } = subjectOf(many(1_000, `/r/${'x'.repeat(795)}`), null);
  assert.deepEqual([paths.length, paths_left], [10, 990]);
  assert.deepEqual(subjectOf([`/r/${'x'.repeat(1_000_000)}`, '/r'], null).paths_left, 2);
  assert.equal(subjectOf(['\u0001'.repeat(2_000)], null).paths_left, 1);
  assert.equal(subjectOf([`/r/${'é'.repeat(2_046)}`], null).paths_left, 0, 'the longest that Linux opens');
});

test('`subjectOf` keeps the number of schedules, and nothing else of them', () => {
  for (const [given, kept] of [
    [3, 3],
    [0, 0],
    ['3', null],
    [undefined, null],
  ])
    assert.deepEqual(subjectOf([], given), { paths: [], paths_left: 0, schedule_count: kept });
});
