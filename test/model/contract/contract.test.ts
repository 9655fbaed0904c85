import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { runModel } from './run-model.ts';

const LIAR = { main: join(import.meta.dirname, '..', '..', 'support', 'lying-main.ts') };

test('dbcalm-cmd keeps the contract, whatever clients, an operator and the kernel do', async (t) => {
  const { runs, steps, failure } = await runModel({ seed: 20_261_125, runs: 8 });
  t.diagnostic(`${runs} sequences, ${steps} steps`);
  assert.equal(failure, undefined);
});

test('`runModel` finds a lying daemon with the shortest sequence, and its path reproduces the sequence', async () => {
  const found = await runModel({ seed: 7, runs: 5, program: LIAR });
  assert.match(found.failure as string, /^(ask to [^→]+|client \d[^→]+ → client \d is answered), expected/);
  const again = await runModel({ seed: 7, runs: 1, path: found.path, program: LIAR });
  assert.equal(again.failure?.replace(/[\w-]{36}/, ''), found.failure?.replace(/[\w-]{36}/, ''));
});
