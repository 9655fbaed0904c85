import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REPORT_PAUSE_MS, reportChanges } from '../../../src/io/store/trouble-report.ts';

test('`reportChanges` tells a change at once, no more than one per pause, and the last one in the end', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let trouble: string | undefined;
  const told: (string | undefined)[] = [];
  const report = reportChanges(
    () => trouble,
    (found) => told.push(found),
  );
  report();
  assert.deepEqual(told, []);
  for (let change = 0; change < 1_000; change++) {
    trouble = `reason ${change}`;
    report();
  }
  assert.deepEqual(told, ['reason 0']);
  t.mock.timers.tick(REPORT_PAUSE_MS);
  assert.deepEqual(told, ['reason 0', 'reason 999']);
  trouble = undefined;
  report();
  t.mock.timers.tick(REPORT_PAUSE_MS);
  assert.deepEqual(told, ['reason 0', 'reason 999', undefined]);
  t.mock.timers.tick(REPORT_PAUSE_MS);
  report();
  assert.equal(told.length, 3);
});
