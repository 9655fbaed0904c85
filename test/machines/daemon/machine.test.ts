import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DaemonError } from '../../../src/errors.ts';
import { DAEMON_LIMITS } from '../../../src/machines/daemon/setup.ts';
import { binding, draining, listening, recovering, TERM } from '../../support/daemon-in.ts';
import { lonelyDaemon } from '../../support/lonely-daemon.ts';
import { failOnWarnings } from '../../support/no-warnings.ts';
import { LEFT } from '../../support/process.ts';

failOnWarnings();

const { RECOVERY_LIMIT, CLOSING_LIMIT, CONNECTIONS_LIMIT, CHILDREN_LIMIT, FLUSH_LIMIT } = DAEMON_LIMITS;

test('`daemonMachine`: starting → listening → draining, step by step → stopped', async () => {
  const daemon = await draining();
  daemon.actor.send({ type: 'log.reopen' });
  daemon.drained('connections');
  assert.ok(daemon.matches('serving:draining:finishing'));
  daemon.drained('processes');
  assert.ok(daemon.matches('serving:draining:flushing'));
  daemon.flushed.resolve();
  await daemon.settle();
  assert.deepEqual(daemon.output(), { exitCode: 0, failure: undefined });
  assert.deepEqual(daemon.did, [
    'processes: processes.recover',
    'bind',
    'announce',
    'listener.drain',
    'close',
    'connections: supervisor.drain',
    'reopen',
    'processes: supervisor.drain',
    'flush',
  ]);
});

test('`daemonMachine` ends with an exit code if the socket or the store cannot be opened, and recovers nothing', async () => {
  const socket = lonelyDaemon();
  socket.checked.reject(new DaemonError('SOCKET_IN_USE'));
  await socket.settle();
  assert.equal(socket.output()?.exitCode, 75);
  const store = lonelyDaemon();
  store.checked.resolve();
  await store.settle();
  store.opened.reject(new DaemonError('DATABASE_UNUSABLE'));
  await store.settle();
  assert.equal(store.output()?.exitCode, 74);
  assert.deepEqual([...socket.did, ...store.did], []);
  const late = await binding();
  late.listen({ type: 'listener.failed', error: new DaemonError('SOCKET_IN_USE') });
  assert.equal(late.output()?.failure?.code, 'SOCKET_IN_USE');
});

test('`daemonMachine` does not listen before recovery is done, and ends if recovery exceeds its limit', async () => {
  const daemon = await recovering();
  daemon.unsettled.resolve([LEFT]);
  await daemon.settle();
  daemon.clock.increment(RECOVERY_LIMIT - 1);
  assert.deepEqual(daemon.did, ['processes: processes.recover']);
  assert.ok(daemon.matches('serving:recovering'));
  daemon.clock.increment(1);
  assert.deepEqual([daemon.output()?.exitCode, daemon.output()?.failure?.code], [74, 'RECOVERY_TOO_SLOW']);
  const unreadable = await recovering();
  unreadable.unsettled.reject(new DaemonError('STORE_UNAVAILABLE'));
  await unreadable.settle();
  assert.equal(unreadable.output()?.failure?.code, 'STORE_UNAVAILABLE');
});

test('`daemonMachine` drains the recovered processes after a signal during recovery', async () => {
  const daemon = await recovering();
  daemon.actor.send(TERM);
  assert.ok(daemon.matches('serving:draining:answering'));
  assert.ok(!daemon.did.includes('bind'));
});

test('`daemonMachine` limits each step of draining', async () => {
  const daemon = await listening();
  daemon.actor.send(TERM);
  daemon.clock.increment(CLOSING_LIMIT - 1);
  assert.ok(daemon.matches('serving:open:closing'));
  daemon.clock.increment(1);
  daemon.clock.increment(CONNECTIONS_LIMIT - 1);
  assert.ok(daemon.matches('serving:draining:answering'));
  daemon.clock.increment(1);
  daemon.clock.increment(CHILDREN_LIMIT - 1);
  assert.ok(daemon.matches('serving:draining:finishing'));
  daemon.clock.increment(1);
  daemon.clock.increment(FLUSH_LIMIT - 1);
  assert.ok(daemon.matches('serving:draining:flushing'));
  daemon.clock.increment(1);
  assert.deepEqual(daemon.output(), { exitCode: 0, failure: undefined });
  assert.deepEqual(
    daemon.did.filter((what) => what.startsWith('late')),
    ['late: clients', 'late: children'],
  );
});

test('`daemonMachine` ends at once with exit code 1 after a second signal', async () => {
  for (const begun of [await draining(), await listening()]) {
    if (begun.matches('serving:open:listening')) begun.actor.send(TERM);
    begun.actor.send(TERM);
    assert.deepEqual(begun.output(), { exitCode: 1, failure: undefined });
  }
});

test('`daemonMachine` does not take a late event of one supervisor for one of the other', async () => {
  const daemon = await draining();
  daemon.clock.increment(CONNECTIONS_LIMIT);
  assert.ok(daemon.matches('serving:draining:finishing'));
  daemon.drained('connections');
  assert.ok(daemon.matches('serving:draining:finishing'));
  daemon.drained('processes');
  assert.ok(daemon.matches('serving:draining:flushing'));
});

test('`daemonMachine` stops after a signal during the start', () => {
  const daemon = lonelyDaemon();
  daemon.actor.send(TERM);
  assert.equal(daemon.output()?.exitCode, 0);
});

test('`daemonMachine` drains after a signal while it binds', async () => {
  const daemon = await binding();
  daemon.actor.send(TERM);
  assert.ok(daemon.matches('serving:open:closing'));
  daemon.listen({ type: 'listener.drained' });
  assert.ok(daemon.matches('serving:draining:answering'));
  assert.ok(daemon.did.includes('close'));
});

test('`daemonMachine` reports a failed flush by its exit code', async () => {
  const daemon = await draining();
  daemon.drained('connections');
  daemon.drained('processes');
  daemon.flushed.reject(new Error('EIO'));
  await daemon.settle();
  assert.equal(daemon.output()?.exitCode, 70);
});

test('`daemonMachine` logs a failed admin socket and goes on, in every state', async () => {
  for (const daemon of [await recovering(), await listening(), await draining()]) {
    const before = JSON.stringify(daemon.actor.getSnapshot().value);
    daemon.look({ type: 'admin.failed', error: new DaemonError('ADMIN_UNUSABLE', 'EACCES') });
    assert.equal(JSON.stringify(daemon.actor.getSnapshot().value), before);
    assert.equal(
      daemon.did.at(-1),
      'admin: operators cannot look into the daemon; it goes on without: EACCES',
    );
  }
});
