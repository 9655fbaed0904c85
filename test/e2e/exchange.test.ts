import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { converse } from '../support/client.ts';
import { startDaemon } from '../support/daemon.ts';
import { makeBackups } from '../support/folder.ts';
import { makeUndeletable } from '../support/undeletable.ts';

const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const TIME = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}$/;

test('`delete_directory` deletes a directory, and every column and transition records it', async (t) => {
  const daemon = await startDaemon(t);
  const [path] = makeBackups(daemon.at.backups, 'b1') as [string];

  const reply = await daemon.deletion(path);
  assert.deepEqual(Object.keys(reply), ['code', 'status', 'id']);
  assert.equal(reply.code, 202);
  assert.equal(reply.status, 'Accepted');
  assert.match(reply.id as string, UUID_V4);
  assert.equal(daemon.rows().length, 1, 'the row is there when the reply is');

  const row = await daemon.ended(reply.id as string);
  assert.ok(!existsSync(path));
  const { start_time, end_time, pid, ...rest } = row;
  assert.deepEqual(rest, {
    id: 1,
    command_id: reply.id,
    command: `/bin/rm -rf ${path}`,
    status: 'success',
    output: null,
    error: null,
    return_code: 0,
    type: 'delete_directory',
    args: JSON.stringify({ path }),
  });
  assert.ok(pid > 1);
  assert.match(start_time, TIME);
  assert.match(end_time as string, TIME);
  assert.ok(start_time <= (end_time as string));

  const steps = daemon.transitions(reply.id as string);
  assert.deepEqual(
    steps.map(({ from_state, to_state, event, why }) => [from_state, to_state, event, why]),
    [
      [null, 'pending', 'process.requested', null],
      ['pending', 'running', 'process.admitted', null],
      ['running', 'succeeded', 'child.exited', 'exit code 0'],
    ],
  );
  for (const { at } of steps) assert.match(at, TIME);
});

test('queue handler logs the end of a process with the ids of its row and connection', async (t) => {
  const daemon = await startDaemon(t);
  const [path] = makeBackups(daemon.at.backups, 'b1') as [string];
  const { command_id } = await daemon.carryOut('delete_directory', { path });
  const line = await daemon.logged('the end', ({ msg }) => msg === 'succeeded');
  assert.equal(line.command_id, command_id);
  assert.equal(line.type, 'delete_directory');
  assert.equal(line.return_code, 0);
  assert.equal(typeof line.duration_ms, 'number');
  const accepted = daemon.logLines().find(({ msg }) => msg === 'accepted');
  assert.equal(accepted?.connection_id, line.connection_id);
});

test('`delete_directory` succeeds for a missing path, also below a missing directory or below a file', async (t) => {
  const daemon = await startDaemon(t);
  writeFileSync(join(daemon.at.backups, 'file'), '');
  for (const name of ['missing', 'missing/deeper/still', 'file/inner']) {
    const row = await daemon.carryOut('delete_directory', { path: join(daemon.at.backups, name) });
    assert.equal(row.status, 'success', name);
  }
});

test('`cleanup_backups` deletes all directories in one process, with args as a list as Python writes it', async (t) => {
  const daemon = await startDaemon(t);
  const folders = makeBackups(daemon.at.backups, 'b1', 'b2', 'deep/b3', 'b 4');
  const [kept] = makeBackups(daemon.at.backups, 'kept') as [string];
  const row = await daemon.carryOut('cleanup_backups', { folders, backup_ids: ['b1', 'b2', 'b3', 'b 4'] });
  assert.equal(row.command, `/bin/rm -rf ${folders.join(' ')}`);
  assert.equal(row.args, '{"backup_ids":["b1","b2","b3","b 4"]}');
  assert.equal(row.status, 'success');
  assert.deepEqual(
    folders.filter((folder) => existsSync(folder)),
    [],
  );
  assert.ok(existsSync(kept));
});

test('`cleanup_backups` takes null lists as empty lists, and the process succeeds at once', async (t) => {
  const daemon = await startDaemon(t);
  const row = await daemon.carryOut('cleanup_backups', { backup_ids: null, folders: null });
  assert.equal(row.status, 'success');
  assert.equal(row.return_code, 0);
  assert.equal(row.args, '{"backup_ids":[]}');
  assert.equal(row.command, '/bin/rm -rf');
  assert.equal(row.pid, 0);
});

test('`delete_directory` that fails gives the reason, with the real path, in the row and in the log', async (t) => {
  const daemon = await startDaemon(t);

  const locked = join(daemon.at.backups, 'locked');
  mkdirSync(join(locked, 'inner'), { recursive: true });
  const release = makeUndeletable(t, locked);
  const row = await daemon.carryOut('delete_directory', { path: locked });
  release();
  assert.equal(row.status, 'failed');
  assert.equal(row.return_code, 1);
  assert.equal(row.output, null);
  assert.match(row.error as string, new RegExp(`rm: cannot remove '${locked}/inner'`));
  const last = daemon.transitions(row.command_id).at(-1);
  assert.deepEqual([last?.from_state, last?.to_state, last?.why], ['running', 'failed', 'exit code 1']);
  const line = await daemon.logged('the failure', ({ msg }) => msg === 'failed');
  assert.match(line.stderr as string, /rm: cannot remove/);
  assert.equal(line.return_code, 1);
});

test('`update_cron_schedules` replaces the cron file with mode 0644 and leaves nothing else in its directory', async (t) => {
  const daemon = await startDaemon(t);
  const schedules = [
    {
      id: 1,
      backup_type: 'full',
      frequency: 'daily',
      enabled: true,
      hour: 2,
      minute: 30,
      retention_value: 7,
    },
    { id: 2, backup_type: 'full', frequency: 'hourly', enabled: false, minute: 5 },
    {
      id: 3,
      backup_type: 'incremental',
      frequency: 'interval',
      enabled: true,
      interval_value: 90,
      interval_unit: 'minutes',
    },
  ];
  const row = await daemon.carryOut('update_cron_schedules', { schedules });
  assert.equal(row.status, 'success');
  assert.equal(row.args, '{"schedule_count":3}');
  assert.match(
    row.command,
    new RegExp(`^/bin/mv -fT -- ${daemon.at.folder}/cron.d/\\.dbcalm\\.[\\w-]{21} ${daemon.at.cronFile}$`),
  );
  const text = readFileSync(daemon.at.cronFile, 'utf8');
  assert.match(text, /^# Last updated: \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$/m);
  assert.deepEqual(text.replace(/updated: .* UTC/, 'updated: NOW').split('\n'), [
    '# DBCalm Backup Schedules',
    '# Auto-generated - do not edit manually',
    '# Last updated: NOW',
    '',
    '# Daily cleanup job',
    '0 2 * * * root /usr/bin/dbcalm cleanup >> /var/log/dbcalm/cleanup.log 2>&1',
    '',
    '# Schedule ID: 1',
    '30 2 * * * root /usr/bin/dbcalm backup full --schedule-id 1 >> /var/log/dbcalm/cron-1.log 2>&1',
    '',
    '# Schedule ID: 3',
    '# Note: every 90 minutes is more than cron can count: it fires once, every hour at :00',
    '*/90 * * * * root /usr/bin/dbcalm backup incremental --schedule-id 3 >> /var/log/dbcalm/cron-3.log 2>&1',
    '',
    '',
  ]);
  assert.deepEqual(readdirSync(join(daemon.at.folder, 'cron.d')), ['dbcalm']);
  assert.equal(statSync(daemon.at.cronFile).mode & 0o7777, 0o644);
  await daemon.logged(
    'the warning',
    ({ msg, level }) => level === 40 && /schedule 3: every 90/.test(String(msg)),
  );
});

test('daemon sends one reply in one write on each connection, then closes it', async (t) => {
  const daemon = await startDaemon(t);
  const path = join(daemon.at.backups, 'b1');
  const request = JSON.stringify({ cmd: 'delete_directory', args: { path } });
  for (const halfClose of [true, false]) {
    const { text, reads, error } = await converse(daemon.at.socket, request, { halfClose });
    assert.match(text, /^\{"code":202,"status":"Accepted","id":"[^"]+"\}$/);
    assert.equal(reads, 1);
    assert.equal(error, undefined);
  }
});
