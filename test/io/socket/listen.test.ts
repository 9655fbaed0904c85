import assert from 'node:assert/strict';
import { existsSync, lstatSync, renameSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect, createServer, Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { listenAt } from '../../../src/io/socket/listen.ts';
import { afterCall } from '../../support/after-call.ts';
import { testFolder } from '../../support/folder.ts';

/** Calls `then` as soon as there is a socket, before anything else is done with it. */
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

for (const [owner, group, mode, first] of [
  [null, null, 0o640, 0o640],
  [null, null, 0o666, 0o666],
  [me(), null, 0o666, 0],
  [null, process.getgid?.() as number, 0o660, 0],
] as const) {
  test(`a socket of mode ${mode.toString(8)}, owner ${owner}, group ${group} is made with mode ${first}`, async (t) => {
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

test('it has its owner before anybody may connect', async (t) => {
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
  test(`${what} in place of the socket that was just made is not given away`, async (t) => {
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
