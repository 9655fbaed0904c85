import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ChildEnd, startChild } from '../../../src/io/child/child.ts';

const REAL = '/r/thirty-one/b1';
const NAMES = new Map([
  ['/proc/self/fd/3', '/r/three'],
  ['/proc/self/fd/31', '/r/thirty-one'],
]);
const LINE = 'rm: /proc/self/fd/31/b1 failed\n';

/** Returns the captured part of 40 such lines. */
function stderrOf(limit: number): Promise<string> {
  const script = ['-c', 'printf %s "$0" >&2', LINE.repeat(40)];
  const launch = { file: '/bin/sh', args: script, fds: [], names: NAMES };
  return new Promise((resolve, reject) => {
    const ended = ({ stderr }: ChildEnd) => resolve(stderr);
    startChild(launch, limit, { spawned: () => {}, ended, refused: reject });
  });
}

test('`startChild` leaves no descriptor path and no wrong path in output that is cut at any byte', async () => {
  const whole = `rm: ${REAL} failed`;
  for (let limit = 300; limit < 300 + 2 * LINE.length; limit++) {
    const [head, , tail] = (await stderrOf(limit)).split(/\n(… \d+ bytes left out …)\n/);
    const before = head?.split('\n').at(-1) as string;
    const after = tail?.split('\n')[0] as string;
    assert.ok(whole.startsWith(before), `of ${limit} bytes the first half ends in ${JSON.stringify(before)}`);
    assert.ok(
      whole.endsWith(after),
      `of ${limit} bytes the second half begins with ${JSON.stringify(after)}`,
    );
  }
});
