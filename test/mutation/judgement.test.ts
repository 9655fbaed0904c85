import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { judge, type Run, type RunOptions } from './judgement.ts';
import { Turns } from './turns.ts';

/** Runs of test files with the given ends in order, with and without the mutation. */
function runs(ends: Readonly<Record<string, readonly Run['end'][]>>) {
  const did: string[] = [];
  const left = new Map(Object.entries(ends).map(([test, all]) => [test, [...all]]));
  const run = async (test: string, { mutated, alone }: RunOptions): Promise<Run> => {
    did.push([test, mutated ? 'mutated' : 'as it is', ...(alone ? ['alone'] : [])].join(' '));
    return { end: left.get(test)?.shift() ?? 'passed', said: 'a test' };
  };
  return { run, did };
}

test('`judge` names the first failing test, and runs it once without the mutation to verify that it passes', async () => {
  const { run, did } = runs({ quick: [], slow: ['failed', 'passed', 'failed'] });
  const sound = new Set<string>();
  const caught = { caughtBy: 'slow: a test', end: 'failed' };
  assert.deepEqual(await judge(['quick', 'slow', 'never'], run, sound), caught);
  assert.deepEqual(did.splice(0), ['quick mutated', 'slow mutated', 'slow as it is']);
  assert.deepEqual(await judge(['slow', 'never'], run, sound), caught);
  assert.deepEqual(did, ['slow mutated']);
});

test('`judge` reports a mutation that no test notices as a survivor', async () => {
  assert.deepEqual(await judge(['a', 'b'], runs({}).run, new Set()), { caughtBy: undefined, end: 'passed' });
});

for (const end of ['late', 'unstarted'] as const) {
  test(`\`judge\` runs a test that is ${end} again alone, and ignores it if it then passes`, async () => {
    const { run, did } = runs({ a: [end, 'passed'], b: ['failed'] });
    assert.deepEqual(await judge(['a', 'b'], run, new Set(['b'])), { caughtBy: 'b: a test', end: 'failed' });
    assert.deepEqual(did, ['a mutated', 'a mutated alone', 'b mutated']);
  });

  test(`\`judge\` counts a test that is ${end} twice, if it passes without the mutation each time`, async () => {
    const { run, did } = runs({ a: [end, end, 'passed'] });
    assert.deepEqual(await judge(['a'], run, new Set(['a'])), { caughtBy: 'a: a test', end });
    assert.deepEqual(did, ['a mutated', 'a mutated alone', 'a as it is alone']);
    const { run: slow } = runs({ a: [end, end, end] });
    await assert.rejects(judge(['a'], slow, new Set(['a'])), /a fails without a mutation/);
  });
}

test('`Turns` runs exclusive work after the present work, and makes later work wait for it', async () => {
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

test('`Turns` continues after exclusive work that fails', async () => {
  const turns = new Turns();
  await assert.rejects(
    turns.alone(async () => {
      throw new Error('of the test');
    }),
    /of the test/,
  );
  assert.equal(await turns.together(async () => 1), 1);
});
