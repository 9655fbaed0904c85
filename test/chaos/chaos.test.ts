import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testFolder } from '../support/folder.ts';
import { runChaos } from './run-chaos.ts';
import { FLAWS } from './verdict.ts';

test('twelve kills at random moments: nothing is lost, torn, left or done twice', async (t) => {
  const complaints: string[] = [];
  const figures = await runChaos({
    kills: 12,
    seed: 20_261_123,
    folder: testFolder(t),
    complain: (complaint) => complaints.push(complaint),
  });
  assert.deepEqual(complaints, []);
  for (const flaw of FLAWS) assert.equal(figures[flaw], 0, flaw);
  assert.ok(figures.acknowledged > 0, 'the daemon lived long enough to accept something');
});
