import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { LossyLines } from '../../../src/io/admin/lossy-lines.ts';

/** A reader that takes one write at a time, when `read` is called. */
function reader(limit: number) {
  const taken: string[] = [];
  let next = () => {};
  const out = new Writable({
    highWaterMark: 1,
    write: (piece, _, done) => {
      taken.push(String(piece));
      next = done;
    },
  });
  const read = async () => {
    next();
    await turn();
    await turn();
  };
  return { out, lines: new LossyLines(out, limit), taken, read };
}

test('`LossyLines` joins the lines of one turn in order', async () => {
  const { lines, taken } = reader(10);
  for (const line of ['a', 'b', 'c']) lines.write(line);
  await turn();
  assert.deepEqual(taken, ['a\nb\nc\n']);
});

test('`LossyLines` drops lines that a stuck reader cannot take, and writes their number in their place', async () => {
  const { lines, taken, read } = reader(3);
  lines.write('first');
  await turn();
  for (let i = 0; i < 10; i++) lines.write(String(i));
  await turn();
  assert.deepEqual(taken, ['first\n']);
  await read();
  assert.deepEqual(taken.slice(1), ['0\n1\n2\n{"lost":7}\n']);
  lines.write('later');
  await read();
  assert.deepEqual(taken.slice(2), ['later\n']);
  await read();
  assert.equal(taken.length, 3);
});

test('`LossyLines` does not write to a reader that has left', async () => {
  const { out, lines, taken } = reader(3);
  lines.write('a');
  out.destroy();
  await turn();
  lines.write('b');
  await turn();
  assert.deepEqual(taken, []);
});
