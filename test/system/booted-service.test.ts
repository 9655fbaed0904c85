import assert from 'node:assert/strict';
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { bootMachine, noBoot } from '../support/booted.ts';
import { type BootedRoot, GROUP } from '../support/booted-root.ts';
import { callers, EMPTY, unserved } from '../support/callers.ts';
import { schedulesOf } from '../support/schedules.ts';
import { until } from '../support/until.ts';

const skip = noBoot();

test('dbcalm-cmd.service starts at boot, and carries out commands in its sandbox', { skip }, async (t) => {
  const machine = await bootMachine(t);
  assert.equal(await machine.property('StatusText'), 'listening');
  assert.equal(await machine.property('NRestarts'), '0');
  assert.equal(await machine.systemctl('is-system-running', '--wait'), 'running');
  const [folder, socket] = [statSync(machine.path('/run/dbcalm')), statSync(machine.socket)];
  assert.deepEqual([folder.mode & 0o7777, folder.uid, folder.gid], [0o3774, 0, GROUP.gid]);
  assert.deepEqual([socket.mode & 0o7777, socket.uid, socket.gid], [0o666, 0, GROUP.gid]);

  const path = join(machine.at.backups, 'b1');
  mkdirSync(join(machine.at.root, path, 'inner'), { recursive: true });
  const deletion = await machine.ask({ cmd: 'delete_directory', args: { path } });
  const update = await machine.ask({ cmd: 'update_cron_schedules', args: { schedules: schedulesOf(1) } });
  assert.deepEqual([deletion.code, update.code], [202, 202]);
  const rows = await machine.settled();
  assert.deepEqual(
    rows.map(({ status, error }) => [status, error]),
    [
      ['success', null],
      ['success', null],
    ],
  );
  assert.ok(!existsSync(join(machine.at.root, path)));
  assert.match(machine.read('/etc/cron.d/dbcalm'), /Schedule ID: 1000/);
});

test('dbcalm-cmd.service opens its logs again on a reload under load, and ends nothing', {
  skip,
}, async (t) => {
  const machine = await bootMachine(t);
  const pid = await machine.property('MainPID');
  const load = callers(machine.socket);
  await until('calls before the reload', () => load.calls.length > 20);
  const logs = ['cmd.log', 'cmd-audit.log'].map((name) => `/var/log/dbcalm/${name}`);
  for (const log of logs) await machine.run('/bin/mv', log, `${log}.1`);
  await machine.systemctl('reload', 'dbcalm-cmd.service');
  const { length } = load.calls;
  await until('calls after the reload', () => load.calls.length > length + 20);
  assert.deepEqual(unserved(await load.stop()), []);
  for (const log of logs) {
    await until(`lines in ${log}`, () => existsSync(join(machine.at.root, log)) && machine.read(log) !== '');
    assert.equal(statSync(join(machine.at.root, log)).mode & 0o777, 0o640);
  }
  assert.equal(await machine.property('MainPID'), pid);
  assert.equal(await machine.property('ActiveState'), 'active');
});

/** Adds another service of DBCalm, with a file of its own in the shared runtime directory. */
function addSibling({ usr }: BootedRoot, name: string): void {
  const unit = [
    '[Service]',
    'Group=dbcalm',
    'RuntimeDirectory=dbcalm',
    'RuntimeDirectoryMode=2774',
    'RuntimeDirectoryPreserve=yes',
    `ExecStart=/bin/sh -c 'touch /run/dbcalm/${name}; exec sleep infinity'`,
  ];
  writeFileSync(join(usr, 'lib/systemd/system', `${name}.service`), `${unit.join('\n')}\n`);
}

test('dbcalm-cmd.service keeps its socket when another service stops, and leaves the files of others when it stops', {
  skip,
}, async (t) => {
  const siblings = ['dbcalm-api', 'dbcalm-db-cmd'];
  const machine = await bootMachine(t, (at) => {
    for (const name of siblings) addSibling(at, name);
  });
  const { ino } = statSync(machine.socket);
  for (const name of siblings) {
    await machine.systemctl('start', `${name}.service`);
    await until(`the file of ${name}`, () => existsSync(machine.path(`/run/dbcalm/${name}`)));
  }
  for (const name of siblings) await machine.systemctl('stop', `${name}.service`);
  assert.equal(statSync(machine.socket).ino, ino);
  assert.equal((await machine.ask(EMPTY)).code, 202);
  await machine.systemctl('stop', 'dbcalm-cmd.socket', 'dbcalm-cmd.service');
  for (const name of siblings) assert.ok(existsSync(machine.path(`/run/dbcalm/${name}`)));
  assert.ok(!existsSync(machine.socket));
});

test('check inspects a stopped service without starting it', { skip }, async (t) => {
  const machine = await bootMachine(t);
  await machine.ask(EMPTY);
  await machine.systemctl('stop', 'dbcalm-cmd.service');
  const { code, text } = await machine.run('/usr/bin/dbcalm-cmd', 'check');
  assert.equal(code, 0, text);
  assert.match(text, /cmd\.sock: somebody listens/);
  assert.equal((await machine.run('/usr/bin/systemctl', 'is-active', 'dbcalm-cmd.service')).text, 'inactive');
});

test('dbcalm-cmd.service creates its socket itself if the socket unit is masked', { skip }, async (t) => {
  const machine = await bootMachine(t);
  await machine.systemctl('mask', '--runtime', '--now', 'dbcalm-cmd.socket');
  await machine.systemctl('restart', 'dbcalm-cmd.service');
  assert.equal(statSync(machine.socket).mode & 0o777, 0o666);
  assert.equal((await machine.ask(EMPTY)).code, 202);
  await machine.systemctl('stop', 'dbcalm-cmd.service');
  assert.ok(!existsSync(machine.socket));
});
