import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Recovery } from '../../../src/actors/process/recovery.ts';
import type { Unsettled } from '../../../src/io/store/records.ts';
import { LEFT } from '../../support/process.ts';

/** Commands as `r1` (running) or `p2` (pending), followed by `!` for one that killed a daemon. */
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

test('recovery without commands is done at once', () => {
  assert.equal(recovery('').news(), 'done');
});

test('recovery starts the running commands together, then the pending ones together and in order', () => {
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
  // A pending command has proved nothing yet.
  assert.equal(news(), 'done');
  made.through('p3');
  assert.equal(news(), '', 'it is done once');
});

test('cautious recovery starts each command alone, and trusts it once it is through', () => {
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

test('recovery that is stopped starts no other command', () => {
  const { made, news } = recovery('p1! p2');
  made.stop();
  news();
  made.through('p1!');
  assert.equal(news(), '');
});
