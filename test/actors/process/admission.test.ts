import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Admission } from '../../../src/actors/process/admission.ts';

function admit(admission: Admission): string[] {
  const admitted: string[] = [];
  for (let id = admission.next(); id !== undefined; id = admission.next()) admitted.push(id);
  return admitted;
}

test('`Admission` runs a bounded number of commands at once, and the others in order', () => {
  const admission = new Admission(2);
  for (const id of ['a', 'b', 'c', 'd']) admission.enqueue(id, [`/r/${id}`], 1);
  assert.deepEqual(admit(admission), ['a', 'b']);
  admission.release('b');
  assert.deepEqual(admit(admission), ['c']);
  admission.release('a');
  admission.release('c');
  assert.deepEqual(admit(admission), ['d']);
});

test('`Admission` runs commands with equal or nested paths in order, and others ahead of them', () => {
  const admission = new Admission(10);
  admission.enqueue('first', ['/r/a/b'], 1);
  admission.enqueue('same', ['/r/a/b'], 1);
  admission.enqueue('above', ['/r/a'], 1);
  admission.enqueue('below', ['/r/a/b/c'], 1);
  admission.enqueue('sibling', ['/r/a/bc'], 1);
  admission.enqueue('other', ['/r/z'], 1);
  assert.deepEqual(admit(admission), ['first', 'other']);
  admission.release('first');
  assert.deepEqual(admit(admission), ['same']);
  admission.release('same');
  assert.deepEqual(admit(admission), ['above']);
  admission.release('above');
  assert.deepEqual(admit(admission), ['below', 'sibling']);
});

test('`Admission` prefers a command that has become free to one that was accepted later', () => {
  const admission = new Admission(1);
  admission.enqueue('a1', ['/r/a'], 1);
  admission.enqueue('a2', ['/r/a'], 1);
  admission.enqueue('b', ['/r/b'], 1);
  assert.deepEqual(admit(admission), ['a1']);
  admission.release('a1');
  assert.deepEqual(admit(admission), ['a2']);
});

test('`Admission` claims the parent directories of a command with very many paths, and releases them at its end', () => {
  const admission = new Admission(10);
  const many = Array.from({ length: 150_000 }, (_, index) => `/r/a/${index % 300}/${index}`);
  admission.enqueue('many', many, 1);
  admission.enqueue('inside', ['/r/a/7/9'], 1);
  admission.enqueue('beside', ['/r/b'], 1);
  assert.deepEqual(admit(admission), ['many', 'beside']);
  admission.release('many');
  assert.deepEqual(admit(admission), ['inside']);
});

test('`Admission` counts no place for a command that ends before it ran, and frees those behind it', () => {
  const admission = new Admission(1);
  admission.enqueue('a', ['/r/a'], 1);
  admission.enqueue('b', ['/r/a'], 1);
  admission.release('a');
  assert.deepEqual(admit(admission), ['b']);
  assert.equal(admission.running, 1);
  admission.release('unknown');
  assert.equal(admission.running, 1);
});

test('`Admission` claims an ancestor of a very deep path, which keeps a claim cheap', () => {
  const admission = new Admission(10);
  const deep = (depth: number) => `/r${'/a'.repeat(depth)}`;
  admission.enqueue('deep', [`${deep(1_000)}/b`], 1);
  admission.enqueue('as deep', [`${deep(1_000)}/c`], 1);
  admission.enqueue('beside', [`${deep(20)}/b`], 1);
  assert.deepEqual(admit(admission), ['deep', 'beside']);
  admission.release('deep');
  assert.deepEqual(admit(admission), ['as deep']);
});

test('`Admission` lets an adopted command wait for no other, and others wait for it', () => {
  const admission = new Admission(2);
  admission.adopt('orphan', ['/r/a'], 1);
  admission.adopt('another', ['/r/a/b'], 1);
  assert.equal(admission.running, 2);
  admission.enqueue('behind', ['/r/a/b/c'], 1);
  admission.enqueue('free', ['/r/z'], 1);
  assert.deepEqual([admission.mustWait('behind'), admission.mustWait('free')], [true, true]);
  admission.release('another');
  assert.deepEqual([admission.mustWait('behind'), admission.mustWait('free')], [true, false]);
  assert.deepEqual(admit(admission), ['free']);
  admission.release('orphan');
  assert.deepEqual(admit(admission), ['behind']);
});

test('`Admission` does not admit a command that has ended before its turn', () => {
  const admission = new Admission(1);
  admission.enqueue('a', ['/r/a'], 1);
  admission.enqueue('b', ['/r/a'], 1);
  assert.deepEqual(admit(admission), ['a']);
  admission.release('b');
  admission.release('a');
  assert.deepEqual(admit(admission), []);
  admission.enqueue('c', ['/r/a'], 1);
  assert.deepEqual(admit(admission), ['c']);
});

test('`mustWait` is true for a command behind as many others as there are places', () => {
  const admission = new Admission(1);
  admission.enqueue('a', ['/r/a'], 1);
  admission.enqueue('b', ['/r/b'], 1);
  assert.deepEqual([admission.mustWait('a'), admission.mustWait('b')], [false, true]);
});

test('`outlook` tells whether a new command would wait, without adding one', () => {
  const admission = new Admission(2);
  admission.enqueue('above', ['/r/a'], 1);
  admission.enqueue('below', ['/r/a/b/c', '/r/z'], 1);
  const outlook = (...touches: string[]) => {
    const { atOnce, behind } = admission.outlook(touches);
    return [atOnce, behind];
  };
  assert.deepEqual(outlook('/r/a/b'), [false, ['above', 'below']]);
  assert.deepEqual(outlook('/r/z', '/r/y'), [false, ['below']]);
  assert.deepEqual(outlook('/r/y'), [true, []]);
  assert.deepEqual(admit(admission), ['above']);
  assert.deepEqual(outlook('/r/y'), [true, []]);
  admission.enqueue('other', ['/r/x'], 1);
  assert.deepEqual(outlook('/r/y'), [false, []], 'the last place is for who came before');
  assert.deepEqual(admit(admission), ['other']);
  assert.deepEqual(admission.outlook([]), { atOnce: false, behind: [], running: 2, maxRunning: 2 });
  for (const id of ['above', 'other']) admission.release(id);
  assert.deepEqual(admit(admission), ['below'], 'nobody waits for who was only asked about');
});

test('`outlook` and `mustWait` agree for every pair of paths', () => {
  const admission = new Admission(100);
  const paths = ['/r', '/r/a', '/r/a/b', '/r/a/bc', '/r/z', `/r/z${'/y'.repeat(40)}`];
  for (const [index, first] of paths.entries()) {
    for (const second of paths) {
      const id = `${index} ${second}`;
      const { atOnce } = admission.outlook([first, second]);
      admission.enqueue(id, [first, second], 1);
      assert.equal(admission.mustWait(id), !atOnce, id);
    }
  }
});

test('`Admission` waits once for a command that blocks two paths of another', () => {
  const admission = new Admission(10);
  admission.enqueue('above', ['/r/a'], 1);
  admission.enqueue('both', ['/r/a/1', '/r/a/2'], 1);
  assert.deepEqual(admit(admission), ['above']);
  admission.release('above');
  assert.deepEqual(admit(admission), ['both']);
});

test('`Admission` frees all paths of a command that has ended, and counts its end once', () => {
  const admission = new Admission(1);
  admission.enqueue('a', ['/r/a/b'], 1);
  assert.deepEqual(admit(admission), ['a']);
  for (let time = 0; time < 2; time++) admission.release('a');
  assert.equal(admission.running, 0);
  for (const [id, path] of [
    ['above', '/r/a'],
    ['same', '/r/a/b'],
    ['below', '/r/a/b/c'],
  ] as const) {
    admission.enqueue(id, [path], 1);
    assert.deepEqual(admit(admission), [id]);
    admission.release(id);
  }
});

test('`mustWait` is false for a running command, also beyond the limit, and for an unknown one', () => {
  const admission = new Admission(1);
  admission.adopt('orphan', ['/r/a'], 1);
  admission.adopt('another', ['/r/b'], 1);
  assert.deepEqual([admission.mustWait('orphan'), admission.mustWait('unknown')], [false, false]);
});

test('`Admission` keeps nothing of paths that no command claims any more', () => {
  assert.ok(globalThis.gc, 'needs --expose-gc');
  const admission = new Admission(1);
  const pass = (round: number) => {
    const paths = Array.from({ length: 400 }, (_, index) => `/r/${round}/${index}/x`);
    admission.enqueue('a', paths, 1);
    assert.deepEqual(admit(admission), ['a']);
    admission.release('a');
  };
  for (let round = 0; round < 10; round++) pass(round);
  globalThis.gc();
  const before = process.memoryUsage().heapUsed;
  for (let round = 10; round < 260; round++) pass(round);
  globalThis.gc();
  const grown = process.memoryUsage().heapUsed - before;
  // An entry of a map and an empty set per path would be more than 20 MB.
  assert.ok(grown < 5_000_000, `grown by ${grown} bytes`);
});

test('`Admission` gives a free place to the user with the fewest running commands, then to the one that waited longest', () => {
  const admission = new Admission(4);
  for (const id of ['a1', 'a2', 'a3', 'a4', 'a5']) admission.enqueue(id, [`/r/${id}`], 1);
  admission.enqueue('b1', ['/r/b1'], 2);
  admission.enqueue('b2', ['/r/b2'], 2);
  assert.deepEqual(admit(admission), ['a1', 'b1', 'a2', 'b2']);
  admission.release('a1');
  admission.enqueue('c1', ['/r/c1'], 3);
  assert.deepEqual(admit(admission), ['c1'], 'nothing of this user runs');
});

test('`Admission` takes turns among users with a single place, however many commands one of them has', () => {
  const admission = new Admission(1);
  for (const id of ['a1', 'a2', 'a3']) admission.enqueue(id, [`/r/${id}`], 1);
  const order = admit(admission);
  admission.enqueue('b1', ['/r/b1'], 2);
  admission.enqueue('b2', ['/r/b2'], 2);
  while (order.length < 5) {
    admission.release(order.at(-1) as string);
    order.push(...admit(admission));
  }
  assert.deepEqual(order, ['a1', 'b1', 'a2', 'b2', 'a3']);
});

test('`Admission` keeps a place for a user that has no running command', () => {
  const admission = new Admission(8);
  for (let count = 0; count < 20; count++) admission.enqueue(`a${count}`, [`/r/a${count}`], 1);
  assert.equal(admit(admission).length, 6);
  for (let count = 0; count < 20; count++) admission.enqueue(`b${count}`, [`/r/b${count}`], 2);
  assert.deepEqual(admit(admission), ['b0']);
  admission.enqueue('c', ['/r/c'], 3);
  assert.deepEqual([admission.mustWait('c'), admission.mustWait('b1')], [false, true]);
  assert.deepEqual(admit(admission), ['c']);
});

test('`Admission` keeps the order of acceptance on the same path, whatever the users', () => {
  const admission = new Admission(2);
  admission.enqueue('a1', ['/r/x'], 1);
  admission.enqueue('a2', ['/r/x'], 1);
  admission.enqueue('b1', ['/r/x'], 2);
  const order = admit(admission);
  while (order.length < 3) {
    admission.release(order.at(-1) as string);
    order.push(...admit(admission));
  }
  assert.deepEqual(order, ['a1', 'a2', 'b1']);
});
