import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readAccounts } from '../../../src/io/config/accounts.ts';
import { peerOf } from '../../../src/io/socket/peer.ts';
import { testFolder } from '../../support/folder.ts';
import { NO_COVERAGE } from '../../support/member.ts';

/** The server's side of a connection that `come` makes. */
async function visited(t: TestContext, come: (path: string) => void): Promise<Socket> {
  const folder = testFolder(t);
  chmodSync(folder, 0o755);
  const path = join(folder, 's');
  const server = createServer();
  await new Promise<void>((resolve) => server.listen({ path, writableAll: true }, resolve));
  t.after(() => server.close());
  const socket = new Promise<Socket>((resolve) => server.once('connection', resolve));
  come(path);
  return socket;
}

test('`peerOf` gives the process, user and group of the client', async (t) => {
  const socket = await visited(t, (path) => connect(path).resume());
  t.after(() => socket.destroy());
  const { pid, getuid, getgid } = process;
  assert.deepEqual(peerOf(socket), { known: true, pid, uid: getuid?.(), gid: getgid?.() });
});

test('`peerOf` gives the ids of another user', {
  skip: process.getuid?.() !== 0 && 'becomes another user',
}, async (t) => {
  const client = "require('net').connect(process.argv[1], () => process.exit())";
  const socket = await visited(t, (path) => {
    spawnSync(process.execPath, ['-e', client, path], {
      uid: 12345,
      gid: 23456,
      cwd: '/',
      env: { ...process.env, ...NO_COVERAGE },
    });
  });
  t.after(() => socket.destroy());
  const { pid, ...ids } = peerOf(socket) as { pid: number };
  assert.ok(pid > 1 && pid !== process.pid);
  assert.deepEqual(ids, { known: true, uid: 12345, gid: 23456 });
});

test('`peerOf` reports an unknown peer as unknown, never as root', async (t) => {
  const socket = await visited(t, (path) => connect(path).resume());
  socket.destroy();
  assert.deepEqual(peerOf(socket), { known: false, why: 'the connection is closed' });
});

test('`readAccounts` finds users and groups by name or number, and members of a group', (t) => {
  const folder = testFolder(t);
  const [passwd, group] = [join(folder, 'passwd'), join(folder, 'group')];
  writeFileSync(passwd, 'root:x:0:0::/root:/bin/sh\napi:x:7:8::/:/bin/false\n');
  writeFileSync(group, 'root:x:0:\ndbcalm:x:70:backup,api\n');
  const accounts = readAccounts(passwd, group);
  assert.deepEqual([accounts.userName(7), accounts.userName(9)], ['api', undefined]);
  assert.deepEqual([accounts.groupName(70), accounts.groupName(71)], ['dbcalm', undefined]);
  assert.deepEqual([accounts.uidOf('api'), accounts.uidOf(9), accounts.uidOf('x')], [7, 9, undefined]);
  assert.deepEqual([accounts.gidOf('dbcalm'), accounts.gidOf('x')], [70, undefined]);
  assert.deepEqual(
    [accounts.isMember(7, 70), accounts.isMember(0, 70), accounts.isMember(9, 70)],
    [true, false, false],
  );
  assert.equal(readAccounts('/nowhere', '/nowhere').uidOf('root'), undefined);
});
