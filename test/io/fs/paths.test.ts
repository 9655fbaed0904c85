import assert from 'node:assert/strict';
import { posix } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { isBelow, isPlain, normalise, pathSplitter } from '../../../src/io/fs/paths.ts';

/** Of parts that matter to a path, and some that only may stand in one. */
const part = fc.constantFrom(
  '',
  '.',
  '..',
  '...',
  '.a',
  'a',
  'a.',
  'b c',
  'ü',
  '\u{1f4be}',
  '\ud800',
  '\n',
  '\u2028',
);
const anyPath = fc.array(part, { maxLength: 6 }).map((parts) => `/${parts.join('/')}`);

test('a plain path is what it is normalised to, and no character in it needs a second look', () => {
  const isHarmless = (path: string) =>
    path.length > 1 &&
    posix.normalize(path) === path &&
    !path.endsWith('/') &&
    // Two halves of a character are looked at by those who count bytes.
    !/[\u0000-\u001f\u007f-\u009f\u2028\u2029\ud800-\udfff]/.test(path);
  fc.assert(
    fc.property(anyPath, (path) => assert.equal(isPlain(path), isHarmless(path))),
    { numRuns: 2_000 },
  );
  for (const path of ['', 'a', './a', 'a/b']) assert.equal(isPlain(path), false, path);
});

test('a path is normalised as Node does it, without a slash at its end', () => {
  const expected = (path: string) => posix.normalize(path).replace(/(?<=\p{Any})\/$/u, '');
  fc.assert(fc.property(anyPath, (path) => assert.equal(normalise(path), expected(path))));
});

test('below a folder is what has its name and a slash before its own', () => {
  for (const [path, folder, below] of [
    ['/a/b', '/a', true],
    ['/a/b/c', '/a', true],
    ['/a', '/a', false],
    ['/ab', '/a', false],
    ['/b/a', '/a', false],
    ['/a', '/a/b', false],
    ['/a', '/', true],
    ['/', '/', false],
  ] as const) {
    assert.equal(isBelow(path, folder), below, `${path} below ${folder}`);
  }
});

test('a list of paths is split like each alone', () => {
  const split = pathSplitter();
  for (const path of ['/a', '/a/b', '/a/c', '/a/b/c', '/ab/c', '/d', '/a/e']) {
    assert.deepEqual(split(path), [posix.dirname(path), posix.basename(path)], path);
  }
});
