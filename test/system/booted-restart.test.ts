import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { look } from '../support/admin.ts';
import { type BootedMachine, bootMachine, noBoot } from '../support/booted.ts';
import { dropIn, isShipped } from '../support/booted-root.ts';
import { callers, EMPTY, unserved } from '../support/callers.ts';
import type { Row } from '../support/daemon.ts';
import { until } from '../support/until.ts';

const skip = noBoot();

test('dbcalm-cmd.service refuses no call and sends every reply during ten restarts under load', {
  skip,
}, async (t) => {
  const machine = await bootMachine(t);
  const { ino } = statSync(machine.socket);
  const load = callers(machine.socket);
  const pids = new Set<string>();
  for (let restart = 0; restart < 10; restart++) {
    const { length } = load.calls;
    await until('calls between two restarts', () => load.calls.length > length + 20);
    await machine.systemctl('restart', 'dbcalm-cmd.service');
    pids.add(await machine.property('MainPID'));
  }
  const calls = await load.stop();
  assert.equal(pids.size, 10);
  assert.deepEqual(unserved(calls), []);
  assert.equal(statSync(machine.socket).ino, ino);
  const rows = await machine.settled();
  assert.equal(rows.length, calls.length);
  assert.ok(rows.every(({ status }) => status === 'success'));
  const longest = Math.max(...calls.map(({ took }) => took));
  t.diagnostic(`${calls.length} calls, the longest ${longest.toFixed()} ms`);
});

test('dbcalm-cmd.service refuses no call during an upgrade under load, and the new version serves', {
  skip: skip || (isShipped && 'the version of an executable cannot be changed'),
}, async (t) => {
  const machine = await bootMachine(t);
  const version = async () => {
    const { text } = await look(machine.path('/run/dbcalm/cmd-admin.sock'), '/metrics');
    return /build_info\{version="([^"]+)"/.exec(text)?.[1];
  };
  const load = callers(machine.socket);
  await until('calls before the upgrade', () => load.calls.length > 20);
  const before = await version();
  // As dpkg does: unpacks the new version next to the old one, and renames it.
  const lib = machine.path('/usr/lib/dbcalm-cmd');
  cpSync(join(lib, 'src'), join(lib, 'src.new'), { recursive: true });
  const manifest = JSON.parse(readFileSync(join(lib, 'package.json'), 'utf8')) as object;
  writeFileSync(join(lib, 'package.json.new'), JSON.stringify({ ...manifest, version: '9.9.9' }));
  renameSync(join(lib, 'package.json.new'), join(lib, 'package.json'));
  renameSync(join(lib, 'src'), join(lib, 'src.old'));
  renameSync(join(lib, 'src.new'), join(lib, 'src'));
  await machine.systemctl('restart', 'dbcalm-cmd.service');
  const { length } = load.calls;
  await until('calls after the upgrade', () => load.calls.length > length + 20);
  assert.notEqual(before, '9.9.9');
  assert.equal(await version(), '9.9.9');
  assert.deepEqual(unserved(await load.stop()), []);
});

test('dbcalm-cmd.service stops under load by itself, in time and without losing a command', {
  skip,
}, async (t) => {
  const machine = await bootMachine(t);
  const load = callers(machine.socket);
  await until('calls before the stop', () => load.calls.length > 50);
  // The socket unit is stopped first. Otherwise the next client would start the service again.
  await machine.systemctl('stop', 'dbcalm-cmd.socket', 'dbcalm-cmd.service');
  const calls = await load.stop();
  assert.equal(await machine.property('Result'), 'success');
  assert.equal(await machine.property('ExecMainStatus'), '0');
  const accepted = calls.flatMap(({ reply }) => (reply?.code === 202 ? [reply.id] : []));
  const rows = machine.rows();
  assert.deepEqual(
    accepted.filter((id) => !rows.some(({ command_id }) => command_id === id)),
    [],
  );
  await machine.systemctl('start', 'dbcalm-cmd.service');
  assert.ok((await machine.settled()).every(({ status }) => status === 'success'));
});

test('dbcalm-cmd.service is restarted after a SIGKILL under load, and settles the unfinished commands', {
  skip,
}, async (t) => {
  const machine = await bootMachine(t);
  const load = callers(machine.socket);
  await until('calls before the kill', () => load.calls.length > 50);
  await machine.systemctl('kill', '-s', 'KILL', '--kill-who=main', 'dbcalm-cmd.service');
  await machine.until('the restart', async () => (await machine.property('NRestarts')) === '1');
  const { length } = load.calls;
  await until('calls after the restart', () => load.calls.length > length + 50);
  const calls = await load.stop();
  // These are the clients that the dead daemon had accepted and not answered. No client was refused.
  const lost = unserved(calls);
  assert.ok(lost.length <= 4, JSON.stringify(lost));
  for (const { error } of lost) assert.match(error ?? '', /^no reply \((closed|ECONNRESET|EPIPE)\)$/);
  assert.ok((await machine.settled()).every(({ status }) => status === 'success'));
});

test('dbcalm-cmd.service is killed by the watchdog when it hangs, is restarted, and serves the clients that waited', {
  skip,
}, async (t) => {
  const impatient = ['[Service]', 'WatchdogSec=5'];
  const machine = await bootMachine(t, ({ usr }) => dropIn(usr, 'dbcalm-cmd.service', 'watchdog', impatient));
  const beats = new Set<string>();
  const heard = async () => beats.add(await machine.property('WatchdogTimestampMonotonic')).size > 3;
  await machine.until('signs of life for longer than it may be silent', heard);
  assert.equal(await machine.property('NRestarts'), '0');
  const pid = await machine.property('MainPID');
  await machine.systemctl('kill', '-s', 'STOP', '--kill-who=main', 'dbcalm-cmd.service');
  const load = callers(machine.socket, 2);
  await machine.until('the restart', async () => (await machine.property('NRestarts')) !== '0');
  await until('calls after the restart', () => load.calls.length > 20);
  await load.stop();
  assert.notEqual(await machine.property('MainPID'), pid);
  assert.match(await machine.journal(), /Watchdog timeout/);
});

/** Starts a deletion whose `rm` is stopped in the middle of its work, and returns its row. */
async function holdDeletion(machine: BootedMachine, files = 5_000): Promise<Row> {
  const path = join(machine.at.backups, `of-${files}`);
  const here = join(machine.at.root, path);
  mkdirSync(here);
  for (let file = 0; file < files; file++) writeFileSync(join(here, String(file)), '');
  await machine.ask({ cmd: 'delete_directory', args: { path } });
  const started = () => machine.rows().find(({ command, pid }) => command.endsWith(path) && pid > 0);
  const row = await until('rm to start', started);
  const { code } = await machine.run('/bin/sh', '-c', `kill -STOP ${row.pid}`);
  if (code === 0 && existsSync(here)) return row;
  return holdDeletion(machine, files * 4);
}

test('dbcalm-cmd.service waits for a running deletion when it stops, and does not kill it', {
  skip,
}, async (t) => {
  const machine = await bootMachine(t);
  const { pid, command_id } = await holdDeletion(machine);
  await machine.systemctl('restart', '--no-block', 'dbcalm-cmd.service');
  await until('the draining', () => machine.read('/var/log/dbcalm/cmd.log').includes('"draining"'));
  assert.equal(await machine.property('ActiveState'), 'deactivating');
  assert.equal(await machine.property('StatusText'), 'draining');
  const waiting = machine.ask(EMPTY);
  await machine.run('/bin/sh', '-c', `kill -CONT ${pid}`);
  assert.equal((await waiting).code, 202);
  const row = (await machine.settled()).find((one) => one.command_id === command_id);
  assert.deepEqual([row?.status, row?.return_code, row?.error], ['success', 0, null]);
});
