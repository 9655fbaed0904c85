import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type AnyActorLogic, createActor, type InputFrom, type OutputFrom, setup, toPromise } from 'xstate';
import {
  recordAccepted,
  recordEnd,
  recordRecovered,
  recordStart,
} from '../../../src/actors/process/persist.ts';
import { type ChildEvent, runChild } from '../../../src/actors/process/run-child.ts';
import { command, NOON, openedStore, step } from '../../support/real-store.ts';
import { until } from '../../support/until.ts';

const run = <L extends AnyActorLogic>(logic: L, input: InputFrom<L>): Promise<OutputFrom<L>> =>
  toPromise(createActor(logic, { input } as never).start()) as Promise<OutputFrom<L>>;

/** Returns the events of a program until its end or its refusal. */
async function said(t: TestContext, file: string, ...args: string[]): Promise<ChildEvent[]> {
  const events: ChildEvent[] = [];
  const launch = { file, args, fds: [], names: new Map() };
  const parent = setup({ types: { events: {} as ChildEvent }, actors: { runChild } }).createMachine({
    invoke: { src: 'runChild', input: { launch, maxOutput: 1_000 } },
    on: { '*': { actions: ({ event }) => void events.push(event) } },
  });
  const actor = createActor(parent).start();
  t.after(() => actor.stop());
  await until('the end', () => events.some(({ type }) => type !== 'child.spawned'));
  return events;
}

test('`runChild` reports the pid and the end of a program, or why the program cannot start', async (t) => {
  const [spawned, exited, ...more] = await said(t, '/bin/sh', '-c', 'echo out; exit 3');
  assert.ok(spawned?.type === 'child.spawned' && spawned.child.pid > 1);
  assert.deepEqual(exited, { type: 'child.exited', end: { code: 3, stdout: 'out\n', stderr: '' } });
  assert.deepEqual(more, []);
  const [refused] = await said(t, '/nowhere/x');
  assert.ok(refused?.type === 'child.refused');
  assert.equal(refused.error.code, 'CHILD_NOT_STARTED');
});

test('`recordAccepted`, `recordRecovered`, `recordStart` and `recordEnd` have committed when they are done', async (t) => {
  const { store, list } = await openedStore(t);
  const states = () => list('SELECT to_state FROM cmd_transition ORDER BY id');
  const processId = await run(recordAccepted, { store, accepted: command('u') });
  assert.equal(processId, 1);
  assert.deepEqual(states(), ['pending']);
  await run(recordRecovered, { store, transition: step(processId, 'u', 'again') });
  assert.deepEqual(states(), ['pending', 'again']);
  await run(recordStart, { store, transition: step(processId, 'u', 'running') });
  assert.deepEqual(states(), ['pending', 'again', 'running']);
  const outcome = { code: 7, stdout: '', stderr: '', at: NOON };
  await run(recordEnd, {
    store,
    transition: step(processId, 'u', 'failed'),
    outcome,
    accepted: command('u'),
  });
  assert.deepEqual(states(), ['pending', 'again', 'running', 'failed']);
  assert.deepEqual(list('SELECT return_code FROM process'), [7]);
});
