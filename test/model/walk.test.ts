import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { Path } from './driver/paths.ts';
import { type Subject, TooSlow, walkAll } from './driver/walk.ts';

const path = (event: string): Path => ({
  machine: 'lamp',
  start: 'a lamp',
  states: ['dark', 'lit'],
  events: [event],
});
const lamp = (happen: () => unknown = () => {}): Subject => ({
  events: { push: happen, pull: happen },
  rest: () => ({ light: 'on' }),
});
const expected = () => ({ light: 'on' });

test('`walkAll` reports each failing path in words at once, also one that cannot begin', async () => {
  const heard: [number, string | undefined][] = [];
  const subject = ({ events: [event] }: Path) => {
    if (event === 'pull') throw new Error('no lamp');
    return lamp();
  };
  const words = 'lamp, a lamp: dark, no lamp';
  await assert.rejects(
    walkAll([path('push'), path('pull')], subject, expected, { tell: (...told) => heard.push(told) }),
    { message: `1 of 2 paths ended otherwise, the shortest:\n${words}` },
  );
  assert.deepEqual(heard, [
    [1, undefined],
    [2, words],
  ]);
});

test('`walkAll` repeats a walk that was too slow, with a new subject', async () => {
  let begun = 0;
  const subject = () => {
    begun++;
    return lamp(() => {
      if (begun < 3) throw new TooSlow('too late');
    });
  };
  await walkAll([path('push')], subject, expected);
  assert.equal(begun, 3);
});

test('`walkAll` walks a path that needs to be alone after the others, one at a time', async () => {
  const events: string[] = [];
  const subject = ({ events: [event] }: Path) =>
    lamp(async () => {
      events.push(`${event} begins`);
      await setImmediate();
      events.push(`${event} ends`);
    });
  await walkAll(['pull', 'pull', 'push', 'push'].map(path), subject, expected, {
    atOnce: 2,
    alone: (one) => one.events[0] === 'pull',
  });
  assert.deepEqual(events, [
    ...['push begins', 'push begins', 'push ends', 'push ends'],
    ...['pull begins', 'pull ends', 'pull begins', 'pull ends'],
  ]);
});
