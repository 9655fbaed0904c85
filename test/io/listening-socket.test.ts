import assert from 'node:assert/strict';
import { existsSync, renameSync, statSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { listenAt } from '../../src/io/listening-socket.ts';
import { testFolder } from '../support/folder.ts';

const ACCESS = { mode: 0o666, owner: null, group: null };

test('closing takes its own socket away, and never what another put in its place', async (t) => {
  const path = join(testFolder(t), 's');
  const first = await listenAt(path, ACCESS, () => {});
  first.close();
  assert.ok(!existsSync(path));

  const second = await listenAt(path, ACCESS, () => {});
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
  const socket = await listenAt(path, ACCESS, (client) => {
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

test('the socket has its mode, owner and group, whatever the umask', {
  skip: process.getuid?.() !== 0 && 'gives a file away',
}, async (t) => {
  const mask = process.umask(0o077);
  t.after(() => process.umask(mask));
  const path = join(testFolder(t), 's');
  const plain = await listenAt(path, { mode: 0o660, owner: null, group: null }, () => {});
  assert.equal(statSync(path).mode & 0o777, 0o660);
  assert.equal(process.umask(), 0o077);
  plain.close();
  const given = await listenAt(path, { mode: 0o640, owner: 12345, group: 23456 }, () => {});
  t.after(() => given.close());
  const { mode, uid, gid } = statSync(path);
  assert.deepEqual([mode & 0o777, uid, gid], [0o640, 12345, 23456]);
});
