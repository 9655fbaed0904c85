import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createActor, fromCallback, fromPromise, SimulatedClock } from 'xstate';
import type { ListenerEvent, ListenerInput } from '../../src/actors/listener.ts';
import type { QueueHandlerInput } from '../../src/actors/queue-handler.ts';
import type { SignalEvent } from '../../src/actors/signals.ts';
import { DaemonError } from '../../src/errors.ts';
import type { Store } from '../../src/io/store.ts';
import { type DaemonInput, DRAIN_LIMITS, daemonMachine } from '../../src/machines/daemon.ts';
import { failOnWarnings } from '../support/no-warnings.ts';

failOnWarnings();

const { CONNECTIONS_LIMIT, CHILDREN_LIMIT, FLUSH_LIMIT } = DRAIN_LIMITS;
const TERM: SignalEvent = { type: 'daemon.stop', signal: 'SIGTERM' };

/** A daemon machine by itself; `did` keeps what its actors were made to do. */
function lonelyDaemon() {
  const did: string[] = [];
  const clock = new SimulatedClock();
  const opened = Promise.withResolvers<Store>();
  const flushed = Promise.withResolvers<void>();
  let listen: (event: ListenerEvent) => void = () => {};
  let drained: Record<string, () => void> = {};
  const supervisor = (name: string) =>
    fromCallback<never, never>(({ receive, sendBack }) => {
      drained = {
        ...drained,
        [name]: () => (sendBack as (event: object) => void)({ type: 'supervisor.drained' }),
      };
      receive(({ type }: { type: string }) => did.push(`${name}: ${type}`));
    });
  const machine = daemonMachine.provide({
    actors: {
      openStore: fromPromise(() => opened.promise),
      flush: fromPromise(() => {
        did.push('flush');
        return flushed.promise;
      }),
      queueHandler: fromCallback<never, QueueHandlerInput>(() => {}) as never,
      processes: supervisor('processes') as never,
      connections: supervisor('connections') as never,
      signals: fromCallback<SignalEvent>(() => {}),
      listener: fromCallback<ListenerEvent, ListenerInput>(({ sendBack }) => {
        did.push('bind');
        listen = sendBack as typeof listen;
        return () => did.push('close');
      }),
    },
    actions: {
      announce: () => {
        did.push('announce');
      },
      reopenLog: () => {
        did.push('reopen');
      },
      logDraining: () => {},
      logLate: (_, { what }) => {
        did.push(`late: ${what.split(';')[0]}`);
      },
    },
  });
  const input = {
    connections: () => ({}),
    processes: () => ({}),
    queueHandler: {},
  } as unknown as DaemonInput;
  const actor = createActor(machine, { clock, input }).start();
  return {
    actor,
    clock,
    did,
    opened,
    flushed,
    listen: (event: ListenerEvent) => listen(event),
    drained: (name: string) => drained[name]?.(),
    settle: () => new Promise(setImmediate),
    matches: (path: string) => JSON.stringify(actor.getSnapshot().value).replaceAll(/["{}]/g, '') === path,
    output: () => actor.getSnapshot().output,
  };
}

async function listening() {
  const daemon = lonelyDaemon();
  daemon.opened.resolve({} as Store);
  await daemon.settle();
  assert.ok(daemon.matches('serving:open:binding'));
  daemon.listen({ type: 'listener.bound' });
  assert.ok(daemon.matches('serving:open:listening'));
  return daemon;
}

test('starting → listening → draining, step by step → stopped', async () => {
  const daemon = await listening();
  daemon.actor.send({ type: 'log.reopen' });
  daemon.actor.send(TERM);
  assert.ok(daemon.matches('serving:draining:answering'));
  daemon.drained('connections');
  assert.ok(daemon.matches('serving:draining:finishing'));
  daemon.drained('processes');
  assert.ok(daemon.matches('serving:draining:flushing'));
  daemon.flushed.resolve();
  await daemon.settle();
  assert.deepEqual(daemon.output(), { exitCode: 0, failure: undefined });
  assert.deepEqual(daemon.did, [
    'bind',
    'announce',
    'reopen',
    'close',
    'connections: supervisor.drain',
    'processes: supervisor.drain',
    'flush',
  ]);
});

test('a store that cannot be opened, or a socket, fails the start with its exit code', async () => {
  const store = lonelyDaemon();
  store.opened.reject(new DaemonError('DATABASE_UNUSABLE'));
  await store.settle();
  assert.equal(store.output()?.exitCode, 74);
  const socket = lonelyDaemon();
  socket.opened.resolve({} as Store);
  await socket.settle();
  socket.listen({ type: 'listener.failed', error: new DaemonError('SOCKET_IN_USE') });
  assert.equal(socket.output()?.exitCode, 75);
  assert.equal(socket.output()?.failure?.code, 'SOCKET_IN_USE');
});

test('each step of draining has its limit', async () => {
  const daemon = await listening();
  daemon.actor.send(TERM);
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

test('a second signal ends it at once, with exit code 1', async () => {
  const daemon = await listening();
  daemon.actor.send(TERM);
  daemon.actor.send(TERM);
  assert.deepEqual(daemon.output(), { exitCode: 1, failure: undefined });
});

test('a signal during the start stops it', () => {
  const daemon = lonelyDaemon();
  daemon.actor.send(TERM);
  assert.equal(daemon.output()?.exitCode, 0);
});

test('a signal while it binds drains what is there', async () => {
  const daemon = lonelyDaemon();
  daemon.opened.resolve({} as Store);
  await daemon.settle();
  daemon.actor.send(TERM);
  assert.ok(daemon.matches('serving:draining:answering'));
  assert.ok(daemon.did.includes('close'));
});

test('a flush that fails is told', async () => {
  const daemon = await listening();
  daemon.actor.send(TERM);
  daemon.drained('connections');
  daemon.drained('processes');
  daemon.flushed.reject(new Error('EIO'));
  await daemon.settle();
  assert.equal(daemon.output()?.exitCode, 70);
});
