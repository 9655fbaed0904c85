import assert from 'node:assert/strict';
import { type SpawnSyncReturns, spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Layout, startDaemon } from '../support/daemon.ts';
import { makeBackups, testFolder } from '../support/folder.ts';
import { oldDaemon } from '../support/old-daemon.ts';
import { schedulesOf } from '../support/schedules.ts';
import { until } from '../support/until.ts';
import { commandOf } from '../support/verb.ts';

/** Runs `compare` asynchronously, since the test itself may have to answer it. */
function compare(
  at: Layout,
  ...args: string[]
): Promise<Pick<SpawnSyncReturns<string>, 'status' | 'stdout' | 'stderr'>> {
  const [file, ...words] = commandOf(at, 'compare', ...args);
  const child = spawn(file, words);
  const heard = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].on('data', (piece: Buffer) => {
      heard[name] += piece;
    });
  return new Promise((resolve) => child.on('close', (status) => resolve({ status, ...heard })));
}

const differences = (stdout: string) =>
  stdout
    .trim()
    .split('\n')
    .map(
      (line) =>
        JSON.parse(line).differences as { what: string; theirs: string; ours: string; diff?: string }[],
    );

const deletion = (path: string) => ({ cmd: 'delete_directory', args: { path } });

function requestFile(folder: string, ...requests: (object | string)[]): string {
  const file = join(folder, 'requests.jsonl');
  const lines = requests.map((one) => (typeof one === 'string' ? one : JSON.stringify(one)));
  writeFileSync(file, `${lines.join('\n')}\n`);
  return file;
}

test('`compare` finds no difference between equal daemons: the old one runs the commands, ours does nothing', async (t) => {
  const old = await startDaemon(t);
  const { backups, folder } = old.at;
  const [b1, b2] = makeBackups(backups, 'b1', 'b2') as [string, string];
  // Both daemons have the same deletion root; ours is in shadow mode and changes nothing there.
  const ours = await startDaemon(t, { config: { deletion_roots: [backups], shadow: true } });
  const from = requestFile(
    folder,
    deletion(b1),
    { cmd: 'cleanup_backups', args: { backup_ids: ['b2'], folders: [b2] } },
    { cmd: 'update_cron_schedules', args: { schedules: schedulesOf(1) } },
    { cmd: 'none' },
    { cmd: 'delete_directory', args: {} },
    deletion(backups),
    JSON.stringify({ request: '{"cmd":', reply: null }),
  );
  const places = ['--against-database', old.at.database, '--against-cron', old.at.cronFile];
  const { status, stdout, stderr } = await compare(
    ours.at,
    ...['--against', old.at.socket, ...places, '--from', from, '--yes'],
  );
  assert.equal(stderr, '');
  assert.match(stdout, /^7 compared: 7 the same, 0 different$/m);
  assert.equal(status, 0);
  assert.ok(!existsSync(b1) && !existsSync(b2));
  assert.match(readFileSync(old.at.cronFile, 'utf8'), /Schedule ID: 1000/);
  assert.deepEqual([old.rows().length, ours.rows().length], [3, 0]);
});

test('`compare` shows a different code, message, command or cron file, and a missing reply', async (t) => {
  const ours = await startDaemon(t);
  const { backups, folder } = ours.at;
  const cronFile = join(folder, 'old-cron');
  writeFileSync(cronFile, '# DBCalm Backup Schedules\n# Last updated: 2026-11-23 02:30:00 UTC\n');
  const b1 = join(backups, 'b1');
  const python = { code: 400, status: 'Invalid command' };
  const old = await oldDaemon(t, folder, (text) => {
    if (text.includes('"none"')) return python;
    if (text.includes('"no path"'))
      return { code: 500, status: 'Internal Server Error', message: 'KeyError' };
    if (text.includes('"silent"')) return undefined;
    return { code: 202, status: 'Accepted', id: text.includes('schedules') ? 'cron' : 'rm' };
  });
  old.addRow({ id: 'rm', type: 'delete_directory', command: `/bin/rm -r ${b1}`, args: { path: b1 } });
  old.addRow({
    id: 'cron',
    type: 'update_cron_schedules',
    command: '/bin/mv /t /c',
    args: { schedule_count: 2 },
  });
  const from = requestFile(
    folder,
    { cmd: 'none' },
    { cmd: 'delete_directory', args: {}, note: 'no path' },
    { cmd: 'silent' },
    deletion(b1),
    { cmd: 'update_cron_schedules', args: { schedules: schedulesOf(1) } },
  );
  const args = ['--against', old.socket, '--against-database', old.database, '--against-cron', cronFile];
  const { status, stdout, stderr } = await compare(ours.at, ...args, '--from', from, '--yes', '--json');
  assert.equal(stderr, '');
  assert.equal(status, 1);
  const [none, noPath, silent, rm, cron] = differences(stdout);
  assert.deepEqual(none, []);
  assert.deepEqual(noPath, [
    { what: 'code', theirs: '500', ours: '400' },
    { what: 'message', theirs: 'KeyError', ours: 'Missing required argument path' },
  ]);
  assert.deepEqual(
    silent?.map(({ what, theirs }) => [what, theirs]),
    [
      ['code', 'none'],
      ['message', `no reply from ${old.socket}: it closed the connection without one`],
    ],
  );
  assert.deepEqual(rm, [{ what: 'command', theirs: `/bin/rm -r ${b1}`, ours: `/bin/rm -rf ${b1}` }]);
  assert.deepEqual(
    cron?.map(({ what }) => what),
    ['cron file'],
  );
  assert.match(cron?.[0]?.diff ?? '', /^\+# Schedule ID: 1000$/m);
  assert.doesNotMatch(cron?.[0]?.diff ?? '', /^[-+]# Last updated/m);
  const text = await compare(ours.at, ...args, '--from', from, '--yes');
  assert.match(text.stdout, /^different {2}2 .*\n {2}code\n {4}theirs {2}500\n {4}ours {4}400$/m);
  assert.match(text.stdout, /^5 compared: 1 the same, 4 different$/m);
});

test('`compare` without --yes sends nothing, and says what it would do', async (t) => {
  const ours = await startDaemon(t);
  const old = await oldDaemon(t, ours.at.folder, () => undefined);
  const from = requestFile(ours.at.folder, { cmd: 'none' });
  const { status, stderr } = await compare(ours.at, '--against', old.socket, '--from', from);
  assert.equal(status, 2);
  assert.match(
    stderr,
    /would really carry out 1 requests, and delete what they name\. What to do: add --yes/,
  );
  assert.deepEqual(old.heard, []);
});

test('`compare` checks the rows of an old database without sending a command', async (t) => {
  const ours = await startDaemon(t);
  const { backups } = ours.at;
  const [b1, b2, b3] = ['b1', 'b2', 'b 3'].map((name) => join(backups, name)) as [string, string, string];
  const old = await oldDaemon(t, ours.at.folder, () => undefined);
  const cleanup = { type: 'cleanup_backups', args: { backup_ids: ['x', 'y'] } };
  old.addRow({ id: '1', type: 'delete_directory', command: `/bin/rm -rf ${b1}`, args: { path: b1 } });
  old.addRow({ id: '2', ...cleanup, command: `/bin/rm -rf ${b2} ${b3}` });
  old.addRow({ id: '3', type: 'update_cron_schedules', command: '/bin/mv a b', args: { schedule_count: 1 } });
  old.addRow({ id: '4', type: 'backup', command: '/usr/bin/mariabackup', args: {} });
  const alike = await compare(ours.at, '--against-database', old.database);
  assert.match(alike.stdout, /^2 compared: 2 the same, 0 different$/m);
  assert.deepEqual([alike.status, alike.stderr], [0, '']);
  old.addRow({ id: '5', type: 'delete_directory', command: `/bin/rm -rf ${b1}/x`, args: { path: b1 } });
  old.addRow({
    id: '6',
    type: 'delete_directory',
    command: `/bin/rm -rf ${backups}`,
    args: { path: backups },
  });
  const { status, stdout } = await compare(
    ours.at,
    '--against-database',
    old.database,
    '--limit',
    '2',
    '--json',
  );
  const [five, six] = differences(stdout);
  assert.equal(status, 1);
  assert.deepEqual(five, [{ what: 'command', theirs: `/bin/rm -rf ${b1}/x`, ours: `/bin/rm -rf ${b1}` }]);
  assert.deepEqual([six?.[0]?.theirs, six?.[0]?.ours], ['202', '403']);
  assert.deepEqual([old.heard, ours.rows()], [[], []]);
});

test('`compare` sends the requests that a daemon has recorded', async (t) => {
  const folder = testFolder(t);
  const kept = join(folder, 'kept.jsonl');
  const daemon = await startDaemon(t, { folder, config: { record: kept } });
  await daemon.ask({ cmd: 'none' });
  await until('the record', () => existsSync(kept) && readFileSync(kept, 'utf8').endsWith('\n'));
  const old = await oldDaemon(t, folder, () => ({
    code: 400,
    status: 'Bad Request',
    message: 'Invalid command',
  }));
  const { status, stdout } = await compare(daemon.at, '--against', old.socket, '--yes');
  assert.deepEqual([status, old.heard], [0, ['{"cmd":"none"}']]);
  assert.match(stdout, /^1 compared: 1 the same/m);
  await daemon.stop();

  const other = join(folder, 'other.jsonl');
  const again = await startDaemon(t, { folder, args: ['--record', other] });
  await again.ask({ cmd: 'none' });
  await until('its record', () => existsSync(other) && readFileSync(other, 'utf8').endsWith('\n'));
});

test('`compare` reports in one line why it cannot compare', async (t) => {
  const daemon = await startDaemon(t);
  const { at } = daemon;
  const old = await oldDaemon(t, at.folder, () => undefined);
  const bad = requestFile(at.folder, '', '{"cmd":"none"}', 'hello');
  const cases: [RegExp, ...string[]][] = [
    [/nothing to compare with.*What to do: give --against,/],
    [/there are no requests.*What to do: name a file with --from/, '--against', old.socket],
    [/requests\.jsonl, line 3: not JSON/, '--against', old.socket, '--from', bad],
    [/missing\.jsonl is not there/, '--against', old.socket, '--from', join(at.folder, 'missing.jsonl')],
    [
      /backups cannot be read: EISDIR.*What to do: name a file of JSON lines/,
      '--against',
      old.socket,
      '--from',
      at.backups,
    ],
    [/give --against-database, too/, '--against', old.socket, '--against-cron', at.cronFile],
    [/the database cannot be read/, '--against-database', join(at.folder, 'missing.sqlite3')],
    [/--limit is no whole number/, '--against-database', old.database, '--limit', '0'],
  ];
  for (const [said, ...args] of cases) {
    const { status, stdout, stderr } = await compare(at, ...args);
    assert.deepEqual([status, stdout], [2, ''], stderr);
    assert.match(stderr, said);
    assert.equal(stderr.trim().split('\n').length, 1);
  }
  await daemon.stop();
  old.addRow({ id: '1', type: 'delete_directory', command: 'x', args: { path: join(at.backups, 'b1') } });
  assert.match((await compare(at, '--against-database', old.database)).stderr, /no daemon answers at/);
  old.addRow({ id: '2', type: 'delete_directory', command: 'x', args: '{' });
  const broken = await compare(at, '--against-database', old.database);
  assert.match(broken.stderr, /the row of 2: its args are not JSON: .*What to do: correct the row/);
  assert.equal(broken.status, 2);
});
