import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testFolder } from '../support/folder.ts';
import { runChaos } from './run-chaos.ts';
import { FLAWS } from './verdict.ts';

test('dbcalm-cmd loses, tears, leaves and repeats nothing when it is killed twelve times at random moments', async (t) => {
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
