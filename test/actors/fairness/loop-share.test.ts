import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { LoopShare } from '../../../src/actors/fairness/loop-share.ts';

/** Runs until no slice of the work is left, and returns the turn of the event loop in which each slice ran. */
async function turnsOf(share: LoopShare, work: readonly (readonly [user: number, slices: number])[]) {
  const ran: { user: number; turn: number }[] = [];
  let turns = 0;
  let isDone = false;
  const counting = (async () => {
    for (; !isDone; turns++) await turn();
  })();
  const slices = async (user: number, count: number) => {
    for (let slice = 0; slice < count; slice++) {
      await share.next(user);
      ran.push({ user, turn: turns });
    }
  };
  await Promise.all(work.map(([user, count]) => slices(user, count)));
  isDone = true;
  await counting;
  return ran;
}

test('`LoopShare` runs one slice at a time, by turns among users', async () => {
  const ran = await turnsOf(new LoopShare(), [
    [5, 2],
    [5, 2],
    [6, 2],
  ]);
  assert.deepEqual(
    ran.map(({ user }) => user),
    [5, 6, 5, 6, 5, 5],
  );
});

test('`LoopShare` lets the event loop turn many times between two slices', async () => {
  const ran = await turnsOf(new LoopShare(), [
    [5, 3],
    [6, 1],
  ]);
  const gaps = ran.slice(1).map(({ turn: at }, index) => at - (ran[index]?.turn ?? 0));
  assert.ok(
    gaps.every((gap) => gap >= 60),
    String(gaps),
  );
});
