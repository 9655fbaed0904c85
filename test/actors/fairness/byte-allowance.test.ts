import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByteAllowance } from '../../../src/actors/fairness/byte-allowance.ts';

const allowanceOf = () => new ByteAllowance({ burstBytes: 100, bytesPerSecond: 10 });

test('`ByteAllowance` has room until the burst is spent, and again as time passes', () => {
  const allowance = allowanceOf();
  allowance.spend(5, 99, 0);
  assert.equal(allowance.hasRoom(5, 0), true);
  allowance.spend(5, 51, 0);
  assert.deepEqual(
    [0, 4_999, 5_001].map((nowMs) => allowance.hasRoom(5, nowMs)),
    [false, false, true],
  );
  assert.equal(allowance.hasRoom(6, 0), true, 'another user has its own');
});

test('`ByteAllowance` saves nothing up beyond the burst', () => {
  const allowance = allowanceOf();
  allowance.spend(5, 10, 0);
  allowance.spend(5, 100, 1_000_000);
  assert.equal(allowance.hasRoom(5, 1_000_000), false);
});

test('`ByteAllowance` remembers a bounded number of users', () => {
  const allowance = allowanceOf();
  for (let user = 0; user <= 1_000; user++) allowance.spend(user, 200, 0);
  assert.deepEqual(
    [0, 1, 1_000].map((user) => allowance.hasRoom(user, 0)),
    [true, false, false],
  );
});
