import assert from 'node:assert/strict';
import { lstatSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { adminSocket, look, lookJson } from '../support/admin.ts';
import { exitOf, prepare, spawnDaemon, startDaemon } from '../support/daemon.ts';
import { makeBackups, testFolder } from '../support/folder.ts';
import { schedulesOf } from '../support/schedules.ts';
import { datagramEar } from '../support/unix-socket.ts';
import { verb } from '../support/verb.ts';

/** Returns each file below with its inode, mode, size and times, except for the records of the daemon. */
function stateOf(folder: string): string[] {
  const own = /^(lib|log|run|state)(\/|$)/;
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => !own.test(name));
  return ['', ...names].sort().map((name) => {
    const { ino, mode, size, mtimeMs, ctimeMs } = lstatSync(join(folder, name));
    // The test directory itself contains the records of the daemon.
    return [name, ino, mode, ...(name === '' ? [] : [size, mtimeMs, ctimeMs])].join(' ');
  });
}

test('shadow mode accepts, plans and records as usual, and changes nothing on the disk but its record', async (t) => {
  const daemon = await startDaemon(t, {
    config: { shadow: true },
    arrange: ({ backups, cronFile }) => {
      makeBackups(backups, 'b1', 'b2', 'b3');
      writeFileSync(cronFile, '# as it was\n');
    },
  });
  const [b1, b2, b3] = ['b1', 'b2', 'b3'].map((name) => join(daemon.at.backups, name)) as [
    string,
    string,
    string,
  ];
  const before = stateOf(daemon.at.folder);
  const rows = [
    await daemon.carryOut('delete_directory', { path: b1 }),
    await daemon.carryOut('cleanup_backups', { backup_ids: ['b2', 'b3'], folders: [b2, b3] }),
    await daemon.carryOut('update_cron_schedules', { schedules: schedulesOf(1) }),
  ];
  assert.deepEqual(stateOf(daemon.at.folder), before);
  for (const row of rows) {
    assert.deepEqual([row.status, row.return_code, row.error], ['success', 0, null]);
    assert.equal(row.output, 'shadow mode: nothing was carried out\n');
  }
  const [deletion, cleanup, update] = rows.map(({ command }) => command);
  assert.deepEqual([deletion, cleanup], [`/bin/rm -rf ${b1}`, `/bin/rm -rf ${b2} ${b3}`]);
  assert.match(update as string, /^\/bin\/mv /);
  assert.equal((await daemon.deletion(daemon.at.folder)).code, 403);
  assert.equal((await daemon.stop()).code, 0);
  assert.deepEqual(stateOf(daemon.at.folder), before);
});

test('shadow mode shows in /state, /metrics, `inspect`, `check`, the logs and the status for systemd', async (t) => {
  const folder = testFolder(t);
  const path = join(folder, 'notify');
  const heard = datagramEar(t, path);
  const daemon = await startDaemon(t, { folder, config: { shadow: true }, env: { NOTIFY_SOCKET: path } });
  await daemon.carryOut('cleanup_backups', { backup_ids: null, folders: null });
  assert.equal((await lookJson<{ shadow: boolean }>(daemon, '/state')).body.shadow, true);
  assert.match((await look(adminSocket(daemon), '/metrics')).text, /^dbcalm_cmd_shadow 1$/m);
  assert.ok(heard().includes('READY=1\nSTATUS=shadow mode: listening'));
  assert.match(verb(daemon.at, 'inspect').stdout, /^Shadow mode: .* nothing is carried out\n/);
  assert.match(verb(daemon.at, 'check').stdout, /warning .* shadow mode: nothing is carried out/);
  await daemon.stop();
  const lines = daemon.logLines();
  assert.ok(lines.every(({ shadow }) => shadow === true));
  assert.match(lines[0]?.msg as string, /^shadow mode: .*nothing is carried out$/);
  const audit = readFileSync(join(folder, 'log', 'cmd-audit.log'), 'utf8')
    .split('\n')
    .filter(Boolean);
  assert.ok(audit.length > 0 && audit.every((line) => line.includes('"shadow":true')));
});

test('daemon outside shadow mode says so in /state and /metrics', async (t) => {
  const daemon = await startDaemon(t);
  assert.equal((await lookJson<{ shadow: boolean }>(daemon, '/state')).body.shadow, false);
  assert.match((await look(adminSocket(daemon), '/metrics')).text, /^dbcalm_cmd_shadow 0$/m);
  assert.ok(daemon.logLines().every(({ shadow }) => shadow === undefined));
});

test('daemons with and without shadow mode refuse to share a database', async (t) => {
  for (const first of [true, false]) {
    const daemon = await startDaemon(t, { config: { shadow: first } });
    await daemon.stop();
    const at = prepare(daemon.at.folder, { shadow: !first });
    const { code, stderr } = await exitOf(spawnDaemon(at));
    assert.equal(code, 74);
    assert.match(stderr, /cannot share a database.*What to do: give the one in shadow mode a state_path/);
    const again = await startDaemon(t, { folder: at.folder, config: { shadow: first } });
    await again.stop();
  }
});
