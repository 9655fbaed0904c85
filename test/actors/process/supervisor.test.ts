import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forecastOf } from '../../../src/actors/process/supervisor.ts';
import { PEER } from '../../support/connection.ts';
import { failOnWarnings } from '../../support/no-warnings.ts';
import { PLAN } from '../../support/process.ts';
import { processSupervisor } from '../../support/process-supervisor.ts';
import { until } from '../../support/until.ts';

failOnWarnings();

test('`processes` answers 503 at once when it is full, and gives away a place that becomes free', () => {
  const supervisor = processSupervisor({ maxPending: 2 });
  for (let i = 0; i < 3; i++) supervisor.request();
  assert.equal(supervisor.started.length, 2);
  const [answer] = supervisor.client.heard;
  assert.ok(answer?.type === 'process.refused');
  assert.deepEqual([answer.refusal.code, answer.refusal.message], [503, 'too many commands are waiting']);
  supervisor.started[0]?.send({ type: 'end' });
  supervisor.request();
  assert.equal(supervisor.started.length, 3);
  assert.equal(supervisor.started[2]?.slot, supervisor.started[0]?.slot, 'ids are used again');
});

test('`processes` records the end of a process that fails, and gives its place to the next', async () => {
  const supervisor = processSupervisor({ maxRunning: 1 });
  supervisor.request();
  supervisor.request();
  for (const { send } of supervisor.started) send({ type: 'queue' });
  await until('the first', () => supervisor.started[0]?.admitted);
  assert.equal(supervisor.started[1]?.admitted, false);
  supervisor.started[0]?.send({ type: 'crash' });
  await until('the second', () => supervisor.started[1]?.admitted);
  await until('its end', () => supervisor.observer.heard[1]);
  assert.deepEqual(
    supervisor.ended.map(({ processId, to, event }) => [processId, to, event]),
    [[5, 'failed', 'actor.failed']],
  );
  const [first, second] = supervisor.observer.heard;
  assert.equal(first?.type, 'actor.failed');
  assert.ok(second?.type === 'process.transitioned', 'its end is told like that of any other');
  assert.deepEqual([second.transition, second.outcome?.code], [supervisor.ended[0], -1]);
  assert.deepEqual(second.accepted.touches, PLAN.touches);
});

test('`processes` gives one user three quarters of the pending places, and keeps the last eighth for users below it', () => {
  const supervisor = processSupervisor({ maxPending: 16 });
  const peer = (uid: number) => ({ known: true, pid: 1, uid, gid: uid }) as const;
  const refusals = () =>
    supervisor.client.heard.splice(0).map((answer) => 'refusal' in answer && answer.refusal.message);
  const theirs = 'cannot accept the command: too many commands of this user are waiting';
  for (let count = 0; count < 13; count++) supervisor.request(peer(5));
  assert.deepEqual([supervisor.started.length, refusals()], [12, [theirs]]);
  for (let count = 0; count < 3; count++) supervisor.request(peer(6));
  assert.deepEqual([supervisor.started.length, refusals()], [14, [theirs]]);
  for (let count = 0; count < 3; count++) supervisor.request(peer(7));
  assert.deepEqual([supervisor.started.length, refusals()], [16, ['too many commands are waiting']]);
  supervisor.started[0]?.send({ type: 'end' });
  supervisor.request(peer(8));
  assert.equal(supervisor.started.length, 17);
});

test('`processes` refuses new commands while it drains, and reports when the last has ended', () => {
  const supervisor = processSupervisor();
  supervisor.request();
  supervisor.actor.send({ type: 'supervisor.drain' });
  supervisor.request();
  const [answer] = supervisor.client.heard;
  assert.ok(answer?.type === 'process.refused');
  assert.equal(answer.refusal.message, 'the daemon is shutting down');
  assert.deepEqual(supervisor.drained.heard, []);
  supervisor.started[0]?.send({ type: 'end' });
  assert.deepEqual(
    supervisor.drained.heard.map(({ type }) => type),
    ['processes.drained'],
  );
});

test('`processes` does not count a running process as pending', async () => {
  const supervisor = processSupervisor({ maxRunning: 1, maxPending: 1 });
  supervisor.request();
  supervisor.started[0]?.send({ type: 'queue' });
  await until('the first', () => supervisor.started[0]?.admitted);
  supervisor.request();
  supervisor.request();
  assert.equal(supervisor.started.length, 2);
  assert.equal(supervisor.client.heard[0]?.type, 'process.refused');
});

test('`processes` gives the place of a process that only records its end away once, and does not count it as pending', async () => {
  const supervisor = processSupervisor({ maxRunning: 1, maxPending: 1 });
  const queue = () => {
    supervisor.request();
    supervisor.started.at(-1)?.send({ type: 'queue' });
  };
  queue();
  await until('the first', () => supervisor.started[0]?.admitted);
  queue();
  supervisor.started[0]?.send({ type: 'yield' });
  await until('the second', () => supervisor.started[1]?.admitted);
  queue();
  assert.equal(supervisor.started.length, 3, 'the second runs, so that one may wait');
  supervisor.started[0]?.send({ type: 'end' });
  await supervisor.settle();
  assert.equal(supervisor.started[2]?.admitted, false);
  supervisor.started[1]?.send({ type: 'end' });
  await until('the third', () => supervisor.started[2]?.admitted);
});

test('`forecastOf` tells what a command would wait for, and starts nothing', async () => {
  const supervisor = processSupervisor({ maxRunning: 1, maxPending: 1 });
  const foresee = (path: string) => {
    const forecast = forecastOf(supervisor.actor, [path], 1000);
    return 'refusal' in forecast ? [forecast.refusal.code, forecast.refusal.message] : forecast.outlook;
  };
  const places = { maxRunning: 1 };
  assert.deepEqual(foresee('/r/a'), { atOnce: true, behind: [], running: 0, ...places });
  supervisor.request();
  assert.deepEqual(foresee('/r/a'), [503, 'too many commands are waiting']);
  supervisor.started[0]?.send({ type: 'queue' });
  await until('the first', () => supervisor.started[0]?.admitted);
  assert.deepEqual(foresee('/r/a'), { atOnce: false, behind: [], running: 1, ...places });
  assert.deepEqual(foresee('/r/process-0/b'), { atOnce: false, behind: ['u'], running: 1, ...places });
  assert.equal(supervisor.started.length, 1);
  supervisor.actor.send({ type: 'supervisor.drain' });
  assert.deepEqual(foresee('/r/a'), [503, 'the daemon is shutting down']);
  assert.deepEqual(supervisor.client.heard, []);
});

test('`processes` holds the memory of a request until its command has ended', () => {
  const supervisor = processSupervisor({ maxPending: 1_000 });
  const fits = () => {
    const holding = supervisor.budget.open(1_000);
    const hasRoom = holding.grow(1_048_576, false, () => {});
    if (!hasRoom) holding.close();
    return hasRoom && holding;
  };
  let accepted = 0;
  for (let holding = fits(); holding; holding = fits()) {
    supervisor.request(PEER, holding);
    accepted++;
  }
  assert.equal(supervisor.started.length, accepted);
  assert.equal(fits(), false);
  supervisor.started[0]?.send({ type: 'end' });
  assert.ok(fits());
});

test('`processes` starts a command that is recorded while the daemon drains if there is room, and leaves it otherwise', async () => {
  const supervisor = processSupervisor({ maxRunning: 1 });
  for (let i = 0; i < 3; i++) supervisor.request();
  supervisor.started[0]?.send({ type: 'queue' });
  await until('the first', () => supervisor.started[0]?.admitted);
  supervisor.actor.send({ type: 'supervisor.drain' });
  supervisor.started[1]?.send({ type: 'queue' });
  supervisor.started[0]?.send({ type: 'end' });
  supervisor.started[2]?.send({ type: 'queue' });
  assert.deepEqual(
    supervisor.started.map(({ admitted }) => admitted),
    [true, false, true],
  );
  assert.equal(supervisor.drained.heard.length, 0);
  supervisor.started[2]?.send({ type: 'end' });
  assert.deepEqual(
    supervisor.drained.heard.map(({ type }) => type),
    ['processes.drained'],
  );
});

test('cautious recovery waits until each process has begun, unless the process has to wait for another', async () => {
  const supervisor = processSupervisor({ maxRunning: 1 });
  supervisor.recover(1, 0, 0);
  const { started, drained } = supervisor;
  assert.equal(started.length, 1);
  started[0]?.send({ type: 'queue' });
  await until('the first', () => started[0]?.admitted);
  assert.equal(started.length, 1, 'it is admitted, and has not begun');
  started[0]?.send({ type: 'begin' });
  assert.equal(started.length, 2);
  started[1]?.send({ type: 'queue' });
  assert.equal(started.length, 3, 'the only place is taken: nobody waits for the second');
  assert.equal(drained.heard.length, 0);
  started[2]?.send({ type: 'queue' });
  assert.deepEqual(
    drained.heard.map(({ type }) => type),
    ['processes.recovered'],
  );
});

test('recovery does not wait for a process that is overtaken before its admission', async () => {
  const supervisor = processSupervisor({ maxRunning: 1 });
  supervisor.recover(1, 0, 0);
  const { started, drained } = supervisor;
  started[0]?.send({ type: 'queue' });
  await until('the first', () => started[0]?.admitted);
  started[0]?.send({ type: 'begin' });
  started[1]?.send({ type: 'queue' });
  // The first ends before the third is admitted, so the second takes the place.
  started[0]?.send({ type: 'end' });
  started[2]?.send({ type: 'queue' });
  await until('the end of the recovery', () =>
    drained.heard.some(({ type }) => type === 'processes.recovered'),
  );
});
