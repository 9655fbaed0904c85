import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyPatch } from 'diff';
import { unifiedDiff } from '../../../src/commands/cron/unified-diff.ts';

const numbered = (count: number, word = 'line') =>
  Array.from({ length: count }, (_, index) => `${word} ${index}\n`).join('');

test('`unifiedDiff` shows a change with its context', async () => {
  const before = numbered(9);
  assert.equal(
    await unifiedDiff('/c/dbcalm', before, before.replace('line 4', 'other')),
    [
      '--- /c/dbcalm',
      '+++ /c/dbcalm',
      '@@ -2,7 +2,7 @@',
      ' line 1',
      ' line 2',
      ' line 3',
      '-line 4',
      '+other',
      ' line 5',
      ' line 6',
      ' line 7',
      '',
    ].join('\n'),
  );
});

test('`unifiedDiff` compares a missing file as /dev/null', async () => {
  const diff = await unifiedDiff('/c/dbcalm', undefined, 'a\nb\n');
  assert.equal(diff, '--- /dev/null\n+++ /c/dbcalm\n@@ -0,0 +1,2 @@\n+a\n+b\n');
});

test('`unifiedDiff` shows very different files as a whole, says so, and lets the event loop turn', async () => {
  const [before, after] = [`${numbered(3_000, 'old')}last`, numbered(3_000, 'new')];
  let turns = 0;
  const turning = setInterval(() => turns++, 0);
  const diff = await unifiedDiff('/c/dbcalm', before, after);
  clearInterval(turning);
  assert.ok(turns > 10, `${turns} turns`);
  assert.match(diff, /^more than 1,000 lines differ: the whole of both files is shown\n--- .*\n\+\+\+ .*\n/);
  assert.match(diff, /\n@@ -1,3001 \+1,3000 @@\n-old 0\n/);
  assert.match(diff, /\n-last\n\\ No newline at end of file\n\+new 0\n/);
  assert.equal(applyPatch(before, diff), after);
});

test('`unifiedDiff` shows the whole of a long new file', async () => {
  const after = numbered(3_000);
  const diff = await unifiedDiff('/c/dbcalm', undefined, after);
  assert.match(diff, /^--- \/dev\/null\n\+\+\+ \/c\/dbcalm\n@@ -0,0 \+1,3000 @@\n\+line 0\n/);
  assert.equal(applyPatch('', diff), after);
});
