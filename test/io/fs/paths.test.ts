import assert from 'node:assert/strict';
import { posix } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { isBelow, isPlain, normalise, pathSplitter } from '../../../src/io/fs/paths.ts';

/** Parts that have a meaning in a path, and ordinary ones. */
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

test('`isPlain` accepts a path that equals its normalised form and has no special character', () => {
  const isHarmless = (path: string) =>
    path.length > 1 &&
    posix.normalize(path) === path &&
    !path.endsWith('/') &&
    // Lone surrogates are checked where bytes are counted.
    !/[\u0000-\u001f\u007f-\u009f\u2028\u2029\ud800-\udfff]/.test(path);
  fc.assert(
    fc.property(anyPath, (path) => assert.equal(isPlain(path), isHarmless(path))),
    { numRuns: 2_000 },
  );
  for (const path of ['', 'a', './a', 'a/b']) assert.equal(isPlain(path), false, path);
});

test('`normalise` normalises as Node does, without a slash at the end', () => {
  const expected = (path: string) => posix.normalize(path).replace(/(?<=\p{Any})\/$/u, '');
  fc.assert(fc.property(anyPath, (path) => assert.equal(normalise(path), expected(path))));
});

test('`isBelow` compares whole components', () => {
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

test('`pathSplitter` splits each path of a list like `dirname` and `basename`', () => {
  const split = pathSplitter();
  for (const path of ['/a', '/a/b', '/a/c', '/a/b/c', '/ab/c', '/d', '/a/e']) {
    assert.deepEqual(split(path), [posix.dirname(path), posix.basename(path)], path);
  }
});
