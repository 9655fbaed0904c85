import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Actor, createActor, fromCallback } from 'xstate';
import { listener } from '../../src/actors/listener.ts';
import type { ConnectionOpened } from '../../src/actors/messages.ts';
import { testFolder } from '../support/folder.ts';
import { until } from '../support/until.ts';

test('who had connected is let in for as long as there is somebody to take him, and then sent away', async (t) => {
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
  // The kernel connects them before anybody accepts.
  const clients = Array.from({ length: 20 }, () => connect(path).resume());
  const closed = clients.map((client) => once(client, 'close'));
  actor.send({ type: 'listener.drain' });
  actor.stop();
  await Promise.all(closed);
  assert.equal(taken, 5);
});
