import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Recovery } from '../../../src/actors/process/recovery.ts';
import type { Unsettled } from '../../../src/io/store/records.ts';
import { LEFT } from '../../support/process.ts';

/** Commands as `r1` (running) or `p2` (pending), with `!` behind one that a daemon died of. */
function recovery(names: string) {
  const did: string[] = [];
  const unsettled = names
    .split(' ')
    .filter(Boolean)
    .map((name): Unsettled => {
      return {
        ...LEFT,
        commandId: name,
        processId: Number(/\d+/.exec(name)),
        state: name.startsWith('r') ? 'running' : 'pending',
        tries: name.endsWith('!') ? 1 : 0,
      };
    });
  const made = new Recovery(unsettled, {
    start: ({ commandId }) => {
      did.push(commandId);
      return commandId;
    },
    trust: (ids) => did.push(`trust ${ids.join(' ')}`),
    done: () => did.push('done'),
  });
  made.begin();
  return { made, news: () => did.splice(0).join(', ') };
}

test('nothing left is done at once', () => {
  assert.equal(recovery('').news(), 'done');
});

test('what was running goes first, together; then what waited, together and in order', () => {
  const { made, news } = recovery('p1 r2 p3 r4');
  assert.equal(made.cautious, false);
  assert.equal(news(), 'r2, r4');
  made.through('r4');
  made.through('unknown');
  assert.equal(news(), '');
  made.through('r2');
  assert.equal(news(), 'trust 2 4, p1, p3');
  made.through('p1');
  made.through('p3');
  // Who only waits has shown nothing yet.
  assert.equal(news(), 'done');
  made.through('p3');
  assert.equal(news(), '', 'it is done once');
});

test('after a daemon that died of it each goes alone, and is trusted when it is through', () => {
  const { made, news } = recovery('p1! r2 p3');
  assert.equal(made.cautious, true);
  assert.equal(news(), 'r2');
  made.through('r2');
  assert.equal(news(), 'trust 2, p1!');
  made.through('p1!');
  assert.equal(news(), 'trust 1, p3');
  made.through('p3');
  assert.equal(news(), 'trust 3, done');
});

test('a stop in between takes over nobody else', () => {
  const { made, news } = recovery('p1! p2');
  made.stop();
  news();
  made.through('p1!');
  assert.equal(news(), '');
});
