import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Actor, createActor, fromCallback, setup } from 'xstate';
import { type ListenerEvent, listener } from '../../../src/actors/daemon/listener.ts';
import type { ConnectionOpened } from '../../../src/actors/messages.ts';
import { testFolder } from '../../support/folder.ts';
import { until } from '../../support/until.ts';

test('`listener` hands over clients in the backlog while a supervisor exists, and then closes them', {
  timeout: 60_000,
}, async (t) => {
  const path = join(testFolder(t), 's');
  let taken = 0;
  const logic = fromCallback<ConnectionOpened>(({ receive }) => {
    receive(({ socket }) => {
      socket.destroy();
      if (++taken === 5) connections = undefined;
    });
  });
  let connections: Actor<typeof logic> | undefined = createActor(logic).start();
  const place = { path, access: { mode: 0o600, owner: null, group: null } };
  const actor = createActor(listener, { input: { place, connections: () => connections } }).start();
  await until('the socket', () => existsSync(path));
  // The kernel connects them before the listener accepts.
  const clients = Array.from({ length: 20 }, () => connect(path).resume());
  const closed = clients.map((client) => once(client, 'close'));
  actor.send({ type: 'listener.drain' });
  actor.stop();
  await Promise.all(closed);
  assert.equal(taken, 5);
});

const ACCESS = { mode: 0o600, owner: null, group: null };

/** A listener and its events, without a supervisor that takes clients. */
function listening(t: TestContext, path = join(testFolder(t), 's')) {
  const said: string[] = [];
  const parent = setup({
    types: { events: {} as ListenerEvent },
    actors: { listener },
  }).createMachine({
    invoke: {
      id: 'listener',
      src: 'listener',
      input: { place: { path, access: ACCESS }, connections: () => undefined },
    },
    on: { '*': { actions: ({ event }) => void said.push(event.type) } },
  });
  const actor = createActor(parent).start();
  t.after(() => actor.stop());
  const drain = () => actor.getSnapshot().children.listener?.send({ type: 'listener.drain' });
  return { path, said, drain, stop: () => actor.stop() };
}

test('`listener` reports that it is bound and that it is drained; once stopped, it leaves no socket', async (t) => {
  const one = listening(t);
  await until('it to be bound', () => one.said.length > 0);
  assert.deepEqual(one.said, ['listener.bound']);
  assert.ok(existsSync(one.path));
  one.drain();
  await until('it to be drained', () => one.said.length > 1);
  assert.deepEqual(one.said, ['listener.bound', 'listener.drained']);
  const other = listening(t);
  await until('the other to be bound', () => other.said.length > 0);
  other.stop();
  assert.ok(!existsSync(other.path));
});

test('`listener` that is drained or stopped before it is bound admits no client and leaves no socket', async (t) => {
  const drained = listening(t);
  drained.drain();
  const stopped = listening(t);
  stopped.stop();
  const last = listening(t);
  await until('the last to be bound', () => last.said.length > 0);
  await until('the first to say something', () => drained.said.length > 0);
  assert.deepEqual(drained.said, ['listener.drained']);
  assert.deepEqual([existsSync(drained.path), existsSync(stopped.path)], [false, false]);
});

test('`listener` reports that it cannot listen', async (t) => {
  const { said } = listening(t, join(testFolder(t), 'x'.repeat(200), 's'));
  await until('it to fail', () => said.length > 0);
  assert.deepEqual(said, ['listener.failed']);
});
