import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { WaitingBudget } from '../../../src/io/shared-database/waiting-budget.ts';

function budgetWithClock(t: TestContext) {
  let now = 1_000;
  t.mock.method(performance, 'now', () => now);
  const budget = new WaitingBudget();
  const pass = (ms: number) => {
    now += ms;
  };
  return { budget, pass };
}

test('`WaitingBudget` takes no notice of fast answers, however many', (t) => {
  const { budget } = budgetWithClock(t);
  for (let answer = 0; answer < 100_000; answer++) budget.spend(19);
  assert.equal(budget.pauseMs, 0);
});

test('`WaitingBudget` limits slow answers to a tenth of the time, whether they come in time or not', (t) => {
  const { budget, pass } = budgetWithClock(t);
  let waited = 0;
  const hour = 3_600_000;
  for (let time = 0; time < hour; ) {
    const pause = budget.pauseMs;
    const step = pause > 0 ? pause : 1_900;
    if (pause === 0) {
      budget.spend(1_900);
      waited += 1_900;
    }
    pass(step);
    time += step;
  }
  assert.ok(waited / hour < 0.11, `${waited} ms of an hour`);
  assert.ok(waited / hour > 0.08, 'and not much less');
});
