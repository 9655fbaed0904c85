import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UserTurns } from '../../../src/actors/fairness/user-turns.ts';

function turnsOf(...waiting: readonly (readonly [user: number, one: string])[]): UserTurns<string> {
  const turns = new UserTurns<string>();
  for (const [user, one] of waiting) turns.add(user, one);
  return turns;
}

test('`UserTurns` gives users their turns one after the other, and keeps the order of each', () => {
  const turns = turnsOf([5, 'a1'], [5, 'a2'], [5, 'a3'], [6, 'b1'], [7, 'c1']);
  const order = Array.from({ length: 6 }, () => turns.next());
  assert.deepEqual(order, ['a1', 'b1', 'c1', 'a2', 'a3', undefined]);
});

test('`UserTurns` passes over a user whose first does not fit', () => {
  const turns = turnsOf([5, 'large'], [5, 'small'], [6, 'b1']);
  assert.equal(
    turns.next((_, one) => one !== 'large'),
    'b1',
  );
  assert.equal(
    turns.next((_, one) => one !== 'large'),
    undefined,
  );
  assert.deepEqual([turns.next(), turns.next()], ['large', 'small']);
});

test('`UserTurns` forgets what is deleted', () => {
  const turns = turnsOf([5, 'a1'], [5, 'a2']);
  turns.delete(5, 'a1');
  turns.delete(6, 'unknown');
  assert.deepEqual([turns.next(), turns.next()], ['a2', undefined]);
});
