import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FairShare } from '../../../src/actors/fairness/fair-share.ts';

/** Takes as many as there is room for, and returns their number. */
function takeAll(share: FairShare, user: number): number {
  let taken = 0;
  for (; share.hasRoomFor(user); taken++) share.take(user);
  return taken;
}

test('`FairShare` gives one user three quarters at most', () => {
  for (const [capacity, most] of [
    [1, 1],
    [2, 2],
    [4, 3],
    [8, 6],
    [256, 192],
    [1_000, 750],
  ] as const) {
    assert.equal(takeAll(new FairShare(capacity), 5), most, `of ${capacity}`);
  }
});

test('`FairShare` keeps an eighth for users that hold no more than an eighth', () => {
  const share = new FairShare(256);
  assert.deepEqual([takeAll(share, 5), takeAll(share, 6)], [192, 32]);
  assert.equal(share.isFull, false);
  assert.equal(takeAll(share, 7), 32);
  assert.equal(share.isFull, true);
});

test('`FairShare` has room again for what is given back, and forgets a user that holds nothing', () => {
  const share = new FairShare(8);
  takeAll(share, 5);
  share.giveBack(5);
  assert.equal(takeAll(share, 5), 1);
  share.giveBack(5, 6);
  assert.equal(takeAll(share, 5), 6);
});

test('`FairShare` weighs amounts, and takes without room where it is told to', () => {
  const share = new FairShare(80);
  assert.deepEqual([share.hasRoomFor(5, 60), share.hasRoomFor(5, 61)], [true, false]);
  share.take(5, 70);
  assert.deepEqual([share.hasRoomFor(6, 10), share.hasRoomFor(6, 11)], [true, false]);
});
