import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readlinkSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { EMPTY } from '../support/callers.ts';
import { ask } from '../support/client.ts';
import { layout, startDaemon } from '../support/daemon.ts';
import { testFolder } from '../support/folder.ts';
import { holdDeletion } from '../support/held-deletion.ts';
import { datagramEar, listeningFd } from '../support/unix-socket.ts';
import { until } from '../support/until.ts';

/** Prepares what systemd provides before the daemon starts: the run directory and a listening socket. */
function activated(t: TestContext) {
  const folder = testFolder(t);
  mkdirSync(join(folder, 'run'));
  const { socket } = layout(folder);
  return { folder, socket, listenFd: listeningFd(t, socket) };
}

test('systemd socket holds clients for the next daemon: none is refused, and each gets its reply', async (t) => {
  const { folder, socket, listenFd } = activated(t);
  const inode = statSync(socket).ino;
  const early = ask(socket, EMPTY);
  const first = await startDaemon(t, { folder, listenFd });
  assert.equal((await early).code, 202);
  assert.equal((await first.logged('the start', ({ msg }) => msg === 'listening')).from, 'systemd');
  first.signal('SIGTERM');
  await first.logged('the draining', ({ msg }) => msg === 'draining');
  const between = Array.from({ length: 20 }, () => ask(socket, EMPTY));
  assert.equal((await first.exited).code, 0);
  assert.equal(statSync(socket).ino, inode);
  const second = await startDaemon(t, { folder, listenFd });
  for (const reply of await Promise.all(between)) assert.equal(reply.code, 202, JSON.stringify(reply));
  assert.equal((await second.stop()).code, 0);
  assert.equal(second.rows().length, 21);
});

test('child does not inherit the systemd socket', async (t) => {
  const { folder, listenFd } = activated(t);
  const daemon = await startDaemon(t, { folder, listenFd });
  const held = await holdDeletion(daemon, 'held');
  const { pid } = daemon.rows().find(({ command_id }) => command_id === held.commandId) as { pid: number };
  // File descriptors 1 and 2 are pipes to the daemon, which Node implements as sockets.
  const passed = readdirSync(`/proc/${pid}/fd`).filter((fd) => Number(fd) > 2);
  assert.ok(passed.length > 0);
  for (const fd of passed) assert.doesNotMatch(readlinkSync(`/proc/${pid}/fd/${fd}`), /^socket:/);
  held.release();
});

test('daemon notifies systemd of start, reload and stop, and pings the watchdog twice per interval', async (t) => {
  const { folder, listenFd } = activated(t);
  const path = join(folder, 'notify');
  const hear = datagramEar(t, path);
  const heard: string[] = [];
  const said = (words: string) => until(words, () => heard.push(...hear()) >= 0 && heard.includes(words));
  const env = { NOTIFY_SOCKET: path, WATCHDOG_USEC: '400000' };
  const daemon = await startDaemon(t, { folder, listenFd, env });
  await said('READY=1\nSTATUS=listening');
  assert.deepEqual(heard.slice(0, 2), ['STATUS=starting', 'WATCHDOG=1']);
  const beats = () => heard.filter((words) => words === 'WATCHDOG=1').length;
  await until('three beats more', () => heard.push(...hear()) > 0 && beats() > 4);
  heard.length = 0;
  daemon.signal('SIGHUP');
  await said('READY=1\nSTATUS=listening');
  assert.match(heard.find((words) => words !== 'WATCHDOG=1') as string, /^RELOADING=1\nMONOTONIC_USEC=\d+$/);
  await daemon.stop();
  heard.push(...hear());
  assert.ok(heard.includes('STOPPING=1\nSTATUS=draining'));
});

test('daemon uses a systemd socket that is not at socket_path, and warns', async (t) => {
  const { folder, socket, listenFd } = activated(t);
  const elsewhere = join(folder, 'elsewhere.sock');
  const daemon = await startDaemon(t, { folder, listenFd, config: { socket_path: elsewhere } });
  assert.equal((await ask(socket, EMPTY)).code, 202);
  const { msg } = await daemon.logged('the warning', ({ code }) => code === 'SOCKET_ELSEWHERE');
  assert.match(msg as string, new RegExp(`: ${socket}, not ${elsewhere}$`));
});

test('systemd socket is a file of the daemon at any path, and `delete_directory` refuses it', async (t) => {
  const folder = testFolder(t);
  const place = join(layout(folder).backups, 'place');
  mkdirSync(place, { recursive: true });
  const listenFd = listeningFd(t, join(place, 'cmd.sock'));
  const daemon = await startDaemon(t, { folder, listenFd });
  const reply = await ask(join(place, 'cmd.sock'), { cmd: 'delete_directory', args: { path: place } });
  assert.equal(reply.code, 403);
  assert.match(reply.message as string, /the daemon keeps .*cmd\.sock there/);
  assert.equal(daemon.rows().length, 0);
});

test('socket_path may name the systemd socket through a symlink', async (t) => {
  const { folder, socket, listenFd } = activated(t);
  const link = join(folder, 'cmd.sock');
  symlinkSync(socket, link);
  const daemon = await startDaemon(t, { folder, listenFd, config: { socket_path: link } });
  assert.equal((await ask(link, EMPTY)).code, 202);
  assert.ok(!daemon.logLines().some(({ code }) => code === 'SOCKET_ELSEWHERE'));
});
