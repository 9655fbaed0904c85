import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';

test('`startChild` refuses a program without room for its file descriptors, and leaves none open', () => {
  const program = [
    process.execPath,
    '--conditions=development',
    join(import.meta.dirname, '../../support/starved.ts'),
  ];
  const told = execFileSync('/bin/sh', ['-c', 'ulimit -n 64; exec "$@"', 'sh', ...program], {
    encoding: 'utf8',
  });
  const { refusals, leaked } = JSON.parse(told) as { refusals: string[]; leaked: number };
  // The two pipes take four file descriptors.
  assert.ok(refusals.length >= 4, told);
  for (const refusal of refusals) assert.match(refusal, /could not be started: .* EMFILE$/);
  assert.equal(leaked, 0);
});
