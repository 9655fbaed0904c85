import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DaemonError } from '../../../src/errors.ts';
import { failOnWarnings } from '../../support/no-warnings.ts';
import { LAUNCH, lonelyProcess } from '../../support/process.ts';

failOnWarnings();

const QUIET = { code: 0, stdout: '', stderr: '' };

async function executing(next?: number) {
  const process = lonelyProcess();
  await process.done('recordAccepted', 7);
  process.actor.send({ type: 'process.admitted' });
  await process.done('recordStart');
  await process.done('prepare', { launch: LAUNCH, next });
  process.news();
  assert.equal(process.state(), 'running:executing');
  return process;
}

test('`processMachine` records each step on disk before it announces the step and begins the next', async () => {
  const process = lonelyProcess();
  assert.equal(process.state(), 'pending:recording');
  assert.deepEqual(process.news(), ['recordAccepted']);
  await process.done('recordAccepted', 7);
  assert.deepEqual(process.news(), ['process.recorded', 'hear pending', 'process.queued']);
  assert.equal(process.state(), 'pending:waiting');
  process.actor.send({ type: 'process.admitted' });
  assert.deepEqual(process.news(), ['recordStart']);
  await process.done('recordStart');
  assert.deepEqual(process.news(), ['hear running', 'process.begun', 'from 0', 'prepare']);
  await process.done('prepare', { launch: LAUNCH, next: undefined });
  assert.deepEqual(process.news(), ['spawn']);
  process.child({ type: 'child.spawned', child: { pid: 99, start: '1', bootId: 'b' } });
  assert.deepEqual(process.news(), ['pid 99']);
  process.child({ type: 'child.exited', end: QUIET });
  assert.deepEqual(process.news(), ['after success', 'finish']);
  await process.done('finish');
  assert.deepEqual(process.news(), ['process.yielded', 'recordEnd']);
  assert.equal(process.state(), 'settling');
  await process.done('recordEnd');
  assert.deepEqual(process.news(), ['hear succeeded']);
  assert.deepEqual(process.actor.getSnapshot().output, { commandId: 'u', succeeded: true });
  assert.deepEqual(
    process.written.map(({ processId, from, to, event, why }) => [processId, from, to, event, why]),
    [
      [7, 'pending', 'running', 'process.admitted', undefined],
      [7, 'running', 'succeeded', 'child.exited', 'exit code 0'],
    ],
  );
});

test('`processMachine` refuses a command that cannot be recorded, and runs nothing', async () => {
  const process = lonelyProcess();
  await process.fails('recordAccepted', new DaemonError('STORE_UNAVAILABLE', 'disk full'));
  assert.equal(process.state(), 'refused');
  assert.deepEqual(process.news(), ['recordAccepted', 'process.refused']);
});

test('`processMachine` continues after its client has left', async () => {
  const process = lonelyProcess();
  (process.client as unknown as { stop(): void }).stop();
  await process.done('recordAccepted', 7);
  assert.equal(process.state(), 'pending:waiting');
});

test('`processMachine` fails with the exit code and the output of a failed child', async () => {
  const process = await executing();
  process.child({ type: 'child.exited', end: { code: 3, stdout: 'o', stderr: 'e' } });
  assert.deepEqual(process.news(), ['after failure', 'finish']);
  await process.done('finish');
  await process.done('recordEnd');
  assert.equal(process.state(), 'failed');
  assert.deepEqual(process.outcomes, [{ code: 3, stdout: 'o', stderr: 'e', at: new Date(2000) }]);
});

test('`processMachine` fails with -1 and the remedy if the child could not start', async () => {
  const process = await executing();
  process.child({ type: 'child.refused', error: new DaemonError('CHILD_NOT_STARTED', '/bin/rm: ENOENT') });
  await process.done('finish');
  await process.done('recordEnd');
  assert.equal(process.state(), 'failed');
  assert.equal(process.outcomes[0]?.code, -1);
  assert.match(
    process.outcomes[0]?.stderr as string,
    /could not be started: \/bin\/rm: ENOENT\. What to do: check/,
  );
  assert.equal(process.written.at(-1)?.event, 'process.faulted');
});

test('`processMachine` fails with -1 and without a child if the plan cannot be prepared', async () => {
  const process = lonelyProcess();
  await process.done('recordAccepted', 7);
  process.actor.send({ type: 'process.admitted' });
  await process.done('recordStart');
  await process.fails('prepare', new DaemonError('FOLDER_MOVED', '/r/b1'));
  assert.ok(process.did.includes('after failure'), 'what was staged is removed');
  await process.done('finish');
  await process.done('recordEnd');
  assert.equal(process.state(), 'failed');
  assert.ok(!process.did.includes('spawn'));
  assert.equal(process.outcomes[0]?.code, -1);
});

test('`processMachine` succeeds without a child if the plan has nothing to do', async () => {
  const process = lonelyProcess();
  await process.done('recordAccepted', 7);
  process.actor.send({ type: 'process.admitted' });
  await process.done('recordStart');
  await process.done('prepare', { launch: undefined, next: undefined });
  await process.done('finish');
  await process.done('recordEnd');
  assert.equal(process.state(), 'succeeded');
  assert.ok(!process.did.includes('spawn'));
});

test('`processMachine` continues a removal after a failed part, and ends with its exit code and all output', async () => {
  const process = await executing(10);
  process.child({ type: 'child.exited', end: { code: 1, stdout: 'a', stderr: 'x' } });
  assert.deepEqual(process.news(), ['from 10', 'prepare']);
  await process.done('prepare', { launch: undefined, next: 20 });
  assert.deepEqual(process.news(), ['from 20', 'prepare']);
  await process.done('prepare', { launch: LAUNCH, next: undefined });
  process.child({ type: 'child.exited', end: { code: 0, stdout: 'b', stderr: 'y'.repeat(200) } });
  await process.done('finish');
  await process.done('recordEnd');
  assert.equal(process.outcomes[0]?.code, 1);
  assert.equal(process.outcomes[0]?.stdout, 'ab');
  assert.match(process.outcomes[0]?.stderr as string, /^xy{49}\n… 101 bytes left out …\ny{50}$/);
});

test('`processMachine` fails if the rename cannot be synced', async () => {
  const process = await executing();
  process.child({ type: 'child.exited', end: QUIET });
  await process.fails('finish', new Error('EIO'));
  await process.done('recordEnd');
  assert.equal(process.state(), 'failed');
  assert.match(process.outcomes[0]?.stderr as string, /EIO/);
});

test('`processMachine` leaves the row to the next daemon if the store closes before the end is written', async () => {
  const starting = lonelyProcess();
  await starting.done('recordAccepted', 7);
  starting.actor.send({ type: 'process.admitted' });
  await starting.fails('recordStart', new DaemonError('STORE_UNAVAILABLE'));
  assert.equal(starting.state(), 'abandoned');
  const ending = await executing();
  ending.child({ type: 'child.exited', end: QUIET });
  await ending.done('finish');
  await ending.fails('recordEnd', new DaemonError('STORE_UNAVAILABLE'));
  assert.equal(ending.state(), 'abandoned');
  assert.ok(!ending.did.some((what) => what.startsWith('hear succ')));
});
