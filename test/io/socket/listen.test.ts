import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer, Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { listenAt } from '../../../src/io/socket/listen.ts';
import { afterCall } from '../../support/after-call.ts';
import { testFolder } from '../../support/folder.ts';

/** Calls `then` as soon as the socket exists, before any other operation on it. */
function onceMade(t: TestContext, then: () => void): void {
  const { listen } = Server.prototype;
  t.mock.method(Server.prototype, 'listen', function (this: Server, ...args: unknown[]) {
    const server = Reflect.apply(listen, this, args) as Server;
    then();
    return server;
  });
}

const me = () => process.getuid?.() as number;
const ACCESS = { mode: 0o666, owner: null, group: null };

test("`close` removes the daemon's own socket, and never another file at its path", async (t) => {
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

test('`drain` removes the socket at once, and accepts all clients that have connected', async (t) => {
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
  // The kernel connects them before the server accepts.
  await connected;
  const drained = socket.drain();
  assert.ok(!existsSync(path));
  await drained;
  assert.equal(accepted, 50);
  await Promise.all(closed);
});

test('listenAt sets the mode, owner and group of the socket, whatever the umask', {
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

for (const [owner, group, mode, first] of [
  [null, null, 0o640, 0o640],
  [null, null, 0o666, 0o666],
  [me(), null, 0o666, 0],
  [null, process.getgid?.() as number, 0o660, 0],
] as const) {
  test(`listenAt creates a socket of mode ${mode.toString(8)}, owner ${owner}, group ${group} with mode ${first}`, async (t) => {
    const path = join(testFolder(t), 's');
    const seen: number[] = [];
    onceMade(t, () => seen.push(lstatSync(path).mode & 0o777));
    const mask = process.umask(0);
    t.after(() => process.umask(mask));
    const socket = await listenAt(path, { mode, owner, group }, () => {});
    t.after(() => socket.close());
    assert.deepEqual(seen, [first]);
    assert.equal(statSync(path).mode & 0o777, mode);
  });
}

test('listenAt sets the owner of the socket before its mode lets others connect', async (t) => {
  const path = join(testFolder(t), 's');
  const calls: string[] = [];
  for (const name of ['chownSync', 'lchownSync', 'chmodSync'] as const) {
    afterCall(t, name, () => calls.push(name.replace('lchown', 'chown')));
  }
  const socket = await listenAt(path, { mode: 0o660, owner: me(), group: null }, () => {});
  t.after(() => socket.close());
  assert.deepEqual(calls, ['chownSync', 'chmodSync']);
});

for (const [what, put] of [
  ['a symlink', (path: string, victim: string) => symlinkSync(victim, path)],
  ['another file', (path: string) => writeFileSync(path, '', { mode: 0o600 })],
  ['a symlink to a socket without permissions', (path: string) => symlinkSync(`${path}.away`, path)],
] as const) {
  test(`listenAt does not change ${what} in place of the socket that it has just created`, async (t) => {
    const folder = testFolder(t);
    const [path, victim] = [join(folder, 's'), join(folder, 'victim')];
    writeFileSync(victim, '', { mode: 0o600 });
    onceMade(t, () => {
      renameSync(path, `${path}.away`);
      put(path, victim);
    });
    await assert.rejects(
      listenAt(path, { mode: 0o666, owner: me(), group: null }, () => {}),
      /the socket cannot be opened: .* is not the socket that was just made/,
    );
    assert.equal(statSync(victim).mode & 0o777, 0o600);
    assert.equal(lstatSync(`${path}.away`).mode & 0o777, 0);
    assert.notEqual(lstatSync(path).mode & 0o777, 0o666);
  });
}

test('listenAt moves a file of another user aside in a directory that others can write to, and in no other', {
  skip: me() !== 0 && 'gives a file away',
}, async (t) => {
  const folder = testFolder(t);
  const path = join(folder, 's');
  writeFileSync(path, 'theirs');
  chownSync(path, 12345, -1);
  await assert.rejects(
    listenAt(path, ACCESS, () => {}),
    { code: 'SOCKET_OCCUPIED' },
  );
  chmodSync(folder, 0o1777);
  const warnings: string[] = [];
  const socket = await listenAt(
    path,
    ACCESS,
    (client) => client.destroy(),
    ({ message }) => warnings.push(message),
  );
  assert.ok(lstatSync(path).isSocket());
  assert.match(warnings.join(), /s was no socket of uid 12345; it is .*s\.occupied-\S{8} now$/);
  const [, aside] = /it is (\S+) now/.exec(warnings.join()) as unknown as [string, string];
  assert.equal(readFileSync(aside, 'utf8'), 'theirs');
  const client = connect(path);
  await new Promise((resolve) => client.once('connect', resolve));
  client.destroy();
  socket.close();
  assert.ok(!existsSync(path));
});
