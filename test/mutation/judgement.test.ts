import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { judge, type Run, type RunOptions } from './judgement.ts';
import { Turns } from './turns.ts';

/** Runs of test files that end, one after the other, as is said here: of the mutant, and without the mutation. */
function runs(ends: Readonly<Record<string, readonly Run['end'][]>>) {
  const did: string[] = [];
  const left = new Map(Object.entries(ends).map(([test, all]) => [test, [...all]]));
  const run = async (test: string, { mutated, alone }: RunOptions): Promise<Run> => {
    did.push([test, mutated ? 'mutated' : 'as it is', ...(alone ? ['alone'] : [])].join(' '));
    return { end: left.get(test)?.shift() ?? 'passed', said: 'a test' };
  };
  return { run, did };
}

test('the first test that fails has caught it, and is sound if it passes without the mutation; that is asked once', async () => {
  const { run, did } = runs({ quick: [], slow: ['failed', 'passed', 'failed'] });
  const sound = new Set<string>();
  const caught = { caughtBy: 'slow: a test', end: 'failed' };
  assert.deepEqual(await judge(['quick', 'slow', 'never'], run, sound), caught);
  assert.deepEqual(did.splice(0), ['quick mutated', 'slow mutated', 'slow as it is']);
  assert.deepEqual(await judge(['slow', 'never'], run, sound), caught);
  assert.deepEqual(did, ['slow mutated']);
});

test('what no test notices survives', async () => {
  assert.deepEqual(await judge(['a', 'b'], runs({}).run, new Set()), { caughtBy: undefined, end: 'passed' });
});

for (const end of ['late', 'unstarted'] as const) {
  test(`one that is ${end} is run again alone, and says nothing where it then passes`, async () => {
    const { run, did } = runs({ a: [end, 'passed'], b: ['failed'] });
    assert.deepEqual(await judge(['a', 'b'], run, new Set(['b'])), { caughtBy: 'b: a test', end: 'failed' });
    assert.deepEqual(did, ['a mutated', 'a mutated alone', 'b mutated']);
  });

  test(`one that is ${end} twice has caught it, if it is not so without the mutation, which is asked each time`, async () => {
    const { run, did } = runs({ a: [end, end, 'passed'] });
    assert.deepEqual(await judge(['a'], run, new Set(['a'])), { caughtBy: 'a: a test', end });
    assert.deepEqual(did, ['a mutated', 'a mutated alone', 'a as it is alone']);
    const { run: slow } = runs({ a: [end, end, end] });
    await assert.rejects(judge(['a'], slow, new Set(['a'])), /a fails without a mutation/);
  });
}

test('whoever has to be alone waits for those who work, and whoever comes then waits for him', async () => {
  const turns = new Turns();
  const did: string[] = [];
  const work = (name: string) => async () => {
    did.push(`${name} begins`);
    for (let turn = 0; turn < 5; turn++) await setImmediate();
    did.push(`${name} ends`);
  };
  const both = [turns.together(work('a')), turns.together(work('b'))];
  await setImmediate();
  const rest = [turns.alone(work('alone')), turns.together(work('c')), turns.alone(work('also alone'))];
  await Promise.all([...both, ...rest]);
  assert.equal(
    did.join(', '),
    [
      'a begins, b begins, a ends, b ends',
      'alone begins, alone ends, also alone begins, also alone ends, c begins, c ends',
    ].join(', '),
  );
});

test('one that fails alone does not keep the others waiting', async () => {
  const turns = new Turns();
  await assert.rejects(
    turns.alone(async () => {
      throw new Error('of the test');
    }),
    /of the test/,
  );
  assert.equal(await turns.together(async () => 1), 1);
});
