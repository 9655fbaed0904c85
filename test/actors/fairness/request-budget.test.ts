import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  BUDGET_BYTES,
  type Holding,
  type RequestBudget,
} from '../../../src/actors/fairness/request-budget.ts';
import { budgetOf } from '../../support/budget.ts';
import { until } from '../../support/until.ts';

const LARGEST = 1_048_576;
const HALF = LARGEST / 2;
/** The number of largest requests that the whole budget holds. */
const MOST = Math.floor(BUDGET_BYTES / (12 * LARGEST));

const nothing = () => assert.fail('it was not to wait');
/** Whether there is room at once. `granted` is called if there is room later. */
const grows = (holding: Holding, bytes: number, granted = () => {}) => holding.grow(bytes, false, granted);

/** Accepts as many of the largest requests as there is room for, and returns their number. */
function fill(budget: RequestBudget, user: number): number {
  for (let count = 0; ; count++) {
    const holding = budget.open(user);
    if (!grows(holding, HALF)) {
      holding.close();
      return count;
    }
    holding.leave();
  }
}

test('`RequestBudget` gives a large request room for the largest at once, one user three quarters of all', () => {
  const budget = budgetOf();
  assert.equal(fill(budget, 5), (MOST * 3) / 4);
  assert.equal(fill(budget, 6), MOST / 8);
  assert.equal(fill(budget, 7), MOST / 8, 'the reserve is for a user below its share');
});

test('`RequestBudget` reads eight large requests at once, of one user six', () => {
  const budget = budgetOf();
  const reads = (user: number) => grows(budget.open(user), HALF);
  const first = Array.from({ length: 12 }, () => reads(5));
  assert.equal(first.filter(Boolean).length, 6);
  assert.equal(reads(6), true);
  assert.deepEqual([reads(6), reads(7), reads(8)], [false, true, false]);
});

test('`RequestBudget` lets a request wait for room until another gives it back', () => {
  const budget = budgetOf(16 * LARGEST);
  const [holder, waiter] = [budget.open(5), budget.open(6)];
  let granted = 0;
  assert.ok(grows(holder, HALF));
  assert.equal(
    grows(waiter, HALF, () => granted++),
    false,
  );
  assert.equal(granted, 0);
  holder.close();
  assert.equal(granted, 1);
});

test('`RequestBudget` forgets a request that leaves while it waits', () => {
  const budget = budgetOf(16 * LARGEST);
  const [holder, gone, waiter] = [budget.open(5), budget.open(6), budget.open(6)];
  let granted = 0;
  grows(holder, HALF);
  grows(gone, HALF, nothing);
  grows(waiter, HALF, () => granted++);
  gone.leave();
  holder.close();
  assert.equal(granted, 1);
});

test('`RequestBudget` keeps room for the size of a complete request, and gives back the rest', () => {
  const budget = budgetOf(24 * LARGEST);
  const [first, second] = [budget.open(5), budget.open(5)];
  assert.ok(grows(first, 100_000));
  assert.equal(grows(second, 100_000), false, 'two of the largest are more than three quarters');
  const third = budget.open(6);
  assert.equal(grows(third, 60_000), true);
  first.grow(100_000, true, () => {});
  assert.ok(grows(budget.open(5), 60_000));
});

test('`RequestBudget` checks one large request of a user at a time, and two in all', async () => {
  const budget = budgetOf();
  const begun: string[] = [];
  const check = (user: number, name: string): Holding => {
    const holding = budget.open(user);
    assert.equal(
      holding.grow(HALF, true, () => begun.push(name)),
      false,
      'a large one always waits for its turn',
    );
    return holding;
  };
  const [a1, , b1] = [check(5, 'a1'), check(5, 'a2'), check(6, 'b1'), check(7, 'c1')];
  await until('the first two', () => begun.length === 2);
  assert.deepEqual(begun, ['a1', 'b1']);
  a1.handOver();
  await until('the third', () => begun.length === 3);
  assert.equal(begun[2], 'a2', 'it has waited longest');
  b1.close();
  await until('the fourth', () => begun.length === 4);
  assert.equal(begun[3], 'c1');
});

test('`RequestBudget` never lets a small request wait for its turn to be checked', () => {
  const budget = budgetOf();
  for (let count = 0; count < 200; count++) assert.ok(budget.open(5).grow(60_000, true, nothing));
});

test('`Holding` hands over what it holds: closing it then gives nothing back', () => {
  const budget = budgetOf(16 * LARGEST);
  const holding = budget.open(5);
  assert.ok(grows(holding, HALF));
  const release = holding.handOver();
  holding.close();
  const waiter = budget.open(6);
  let granted = 0;
  grows(waiter, HALF, () => granted++);
  assert.equal(granted, 0);
  release();
  release();
  assert.equal(granted, 1);
});

test('`RequestBudget` holds a command of the last daemon even if there is no room', () => {
  const budget = budgetOf(16 * LARGEST);
  const releases = Array.from({ length: 3 }, () => budget.hold(5, LARGEST));
  let granted = 0;
  grows(budget.open(6), HALF, () => granted++);
  assert.equal(granted, 0);
  for (const release of releases) release();
  assert.equal(granted, 1);
});
