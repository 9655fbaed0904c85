import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DaemonError } from '../../../src/errors.ts';
import { refuse } from '../../../src/io/socket/reply.ts';
import { failOnWarnings } from '../../support/no-warnings.ts';
import { LAUNCH, LEFT, lonelyProcess } from '../../support/process.ts';

failOnWarnings();

const recovered = (left: Partial<typeof LEFT> = {}, input = {}) =>
  lonelyProcess({ recovered: { ...LEFT, ...left }, client: undefined, ...input });

/** A process that the last daemon had begun, up to the search for its child. */
async function begun(left: Partial<typeof LEFT> = {}, input = {}) {
  const process = recovered({ state: 'running', ...left }, input);
  await process.done('recordRecovered');
  return process;
}

test('recovery lets a pending process wait again once its try is recorded, and runs it when it is admitted', async () => {
  const process = recovered();
  assert.equal(process.state(), 'recovering:recording');
  assert.deepEqual(process.news(), ['recordRecovered']);
  await process.done('recordRecovered');
  assert.deepEqual(process.news(), ['hear pending', 'process.queued']);
  process.actor.send({ type: 'process.admitted' });
  await process.done('recordStart');
  await process.done('prepare', { launch: LAUNCH, next: undefined });
  assert.equal(process.state(), 'running:executing');
  assert.deepEqual(
    process.written.map(({ processId, from, to, event, why }) => [processId, from, to, event, why]),
    [
      [7, 'pending', 'pending', 'process.recovered', 'recovered by a new daemon, try 1'],
      [7, 'pending', 'running', 'process.admitted', undefined],
    ],
  );
});

test('recovery never runs a process again that had begun: it awaits the child, and then the effect decides', async () => {
  const process = await begun();
  assert.equal(process.state(), 'running:adopting');
  assert.deepEqual(process.news(), ['recordRecovered', 'hear running', 'look for the child']);
  process.orphan('orphan.found');
  assert.deepEqual(process.news(), ['process.adopted']);
  process.orphan('orphan.gone');
  assert.deepEqual(process.news(), ['inspect']);
  await process.done('inspect', { inPlace: true, detail: '' });
  assert.deepEqual(process.news(), ['after success', 'finish']);
  await process.done('finish');
  await process.done('recordEnd');
  assert.equal(process.state(), 'succeeded');
  assert.deepEqual(process.outcomes[0], { code: 0, stdout: '', stderr: '', at: new Date(2000) });
  assert.deepEqual(
    [process.written.at(-1)?.event, process.written.at(-1)?.why],
    ['effect.inspected', 'the effect is in place'],
  );
  assert.ok(!process.did.includes('spawn'));
});

test('recovery fails a process whose effect is not in place, and removes its staged file', async () => {
  const process = await begun();
  process.orphan('orphan.gone');
  await process.done('inspect', { inPlace: false, detail: '1 of 1 still there' });
  assert.ok(process.did.includes('after failure'));
  await process.done('finish');
  await process.done('recordEnd');
  assert.equal(process.state(), 'failed');
  assert.equal(process.outcomes[0]?.code, -1);
  assert.match(
    process.outcomes[0]?.stderr as string,
    /^interrupted by a restart of the daemon: 1 of 1 still there\. What to do: /,
  );
});

test('recovery reports a failed inspection as such', async () => {
  const process = await begun();
  process.orphan('orphan.gone');
  await process.fails('inspect', new Error('EIO'));
  await process.done('finish');
  await process.done('recordEnd');
  assert.equal(process.state(), 'failed');
  assert.match(process.outcomes[0]?.stderr as string, /EIO/);
});

test('recovery does not start a process that has waited longer than the limit, to the millisecond', async () => {
  const age = (milliseconds: number) => ({ now: () => new Date(1000 + 3_600_000 + milliseconds) });
  const young = recovered({}, age(0));
  await young.done('recordRecovered');
  assert.equal(young.state(), 'pending:waiting');
  const old = recovered({}, age(1));
  await old.done('recordRecovered');
  await old.done('recordEnd');
  assert.equal(old.state(), 'failed');
  assert.match(old.outcomes[0]?.stderr as string, /^expired: accepted at 1970-01-01T00:00:01\.000Z, and/);
  // A process that had begun does not expire, since its effect may be in place.
  const begunLongAgo = await begun({}, age(1));
  assert.equal(begunLongAgo.state(), 'running:adopting');
});

test('recovery gives a process up after three tries, whatever its state', async () => {
  for (const state of ['pending', 'running'] as const) {
    const last = recovered({ state, tries: 2 });
    await last.done('recordRecovered');
    assert.equal(last.state(), state === 'pending' ? 'pending:waiting' : 'running:adopting');
    const given = recovered({ state, tries: 3 });
    await given.done('recordRecovered');
    await given.done('recordEnd');
    assert.equal(given.state(), 'failed');
    assert.match(given.outcomes[0]?.stderr as string, /^given up, since each daemon that took it over died/);
    assert.ok(!given.did.includes('process.queued'));
  }
});

test('recovery does not run a request that is refused today, and reports one that had begun as interrupted', async () => {
  const replan = () => ({ refusal: refuse(403, 'Cannot delete /r/b1') });
  for (const [state, message] of [
    ['pending', /^the config of the restarted daemon does not allow it any more: Cannot delete \/r\/b1/],
    ['running', /^interrupted by a restart of the daemon: Cannot delete \/r\/b1/],
  ] as const) {
    const process = recovered({ state }, { replan });
    await process.done('recordRecovered');
    // Its child may be alive.
    if (state === 'running') process.orphan('orphan.gone');
    await process.done('recordEnd');
    assert.equal(process.state(), 'failed');
    assert.match(process.outcomes[0]?.stderr as string, message);
  }
});

test('`daemon.draining` leaves a pending process, and does not count that as a try', async () => {
  const process = recovered();
  await process.done('recordRecovered');
  process.news();
  process.actor.send({ type: 'daemon.draining' });
  assert.equal(process.state(), 'abandoned');
  assert.deepEqual(process.news(), ['trust']);
  const fresh = lonelyProcess();
  await fresh.done('recordAccepted', 7);
  fresh.actor.send({ type: 'daemon.draining' });
  assert.equal(fresh.state(), 'abandoned');
  assert.ok(!fresh.did.includes('trust'));
});

test('`daemon.draining` does not leave a running process', async () => {
  const process = lonelyProcess();
  await process.done('recordAccepted', 7);
  process.actor.send({ type: 'process.admitted' });
  process.actor.send({ type: 'daemon.draining' });
  assert.equal(process.state(), 'running:recording');
});

test('recovery leaves a process to the next daemon if the store closes before the try is counted', async () => {
  const process = recovered();
  await process.fails('recordRecovered', new DaemonError('STORE_UNAVAILABLE'));
  assert.equal(process.state(), 'abandoned');
});
