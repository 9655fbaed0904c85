import assert from 'node:assert/strict';
import { existsSync, renameSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { listenAt } from '../../src/io/listening-socket.ts';
import { testFolder } from '../support/folder.ts';

test('closing takes its own socket away, and never what another put in its place', async (t) => {
  const path = join(testFolder(t), 's');
  const first = await listenAt(path, () => {});
  first.close();
  assert.ok(!existsSync(path));

  const second = await listenAt(path, () => {});
  renameSync(path, `${path}.moved`);
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(path, resolve));
  t.after(() => other.close());
  second.close();
  await second.drain();
  assert.ok(existsSync(path));
});

test('draining takes the socket away at once, and lets in all who had connected', async (t) => {
  const path = join(testFolder(t), 's');
  let accepted = 0;
  const socket = await listenAt(path, (client) => {
    accepted++;
    client.destroy();
  });
  t.after(() => socket.close());
  const clients: Socket[] = Array.from({ length: 50 }, () => connect(path));
  const connected = new Promise((resolve) => clients[0]?.once('connect', resolve));
  const closed = clients.map((client) => new Promise((resolve) => client.resume().once('close', resolve)));
  // The kernel connects them before anybody accepts.
  await connected;
  const drained = socket.drain();
  assert.ok(!existsSync(path));
  await drained;
  assert.equal(accepted, 50);
  await Promise.all(closed);
});
