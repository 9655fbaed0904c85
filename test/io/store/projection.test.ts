import assert from 'node:assert/strict';
import { copyFileSync, rmSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import Database from 'better-sqlite3';
import type { Accepted } from '../../../src/io/store/records.ts';
import { command, NOON, openedStore, step } from '../../support/real-store.ts';
import { until } from '../../support/until.ts';

/** Longer than changes wait for each other. */
const PROJECTION_MS = 20;

const SHARED = 'SELECT command_id, command, pid, status, output, return_code, args FROM process ORDER BY id';
const rowsOf = (database: Database.Database) => database.prepare(SHARED).all() as Record<string, unknown>[];
const idsOf = (database: Database.Database) => rowsOf(database).map(({ command_id }) => command_id);

const LONG = Array.from({ length: 300 }, (_, index) => `/r/a-rather-long-name-${index}`);
const longCommand = (commandId: string): Accepted => ({
  ...command(commandId),
  type: 'cleanup_backups',
  command: ['/bin/rm -rf', ...LONG].join(' '),
  args: { backup_ids: LONG },
  request: JSON.stringify({ cmd: 'cleanup_backups', args: { backup_ids: LONG, folders: LONG } }),
});
const describe = ({ request }: { readonly request: string }) => {
  const { args } = JSON.parse(request) as { readonly args: { folders: string[]; backup_ids: string[] } };
  return {
    command: ['/bin/rm -rf', ...args.folders].join(' '),
    args: JSON.stringify({ backup_ids: args.backup_ids }),
  };
};

test('`accept` resolves when the shared row exists; its changes follow', async (t) => {
  const { store, shared, finish } = await openedStore(t);
  const id = await store.accept(command('u'));
  const { command: words } = command('u');
  const row = { command_id: 'u', command: words, args: '{"path":"/r/b1"}' };
  assert.deepEqual(rowsOf(shared), [{ ...row, pid: 0, status: 'running', output: null, return_code: null }]);
  await store.spawned(id, 'u', { pid: 77, start: '1', bootId: 'b' });
  await finish(id, 'u', 0, 'out', '');
  await until('the end in the shared row', () => rowsOf(shared)[0]?.status === 'success');
  assert.deepEqual(rowsOf(shared), [{ ...row, pid: 77, status: 'success', output: 'out', return_code: 0 }]);
});

test('`accept` rejects while the shared database is locked, and records nothing', {
  timeout: 20_000,
}, async (t) => {
  const { store, shared, read } = await openedStore(t);
  shared.exec('BEGIN IMMEDIATE');
  await assert.rejects(store.accept(command('u')), /the shared database: database is locked/);
  shared.exec('COMMIT');
  assert.deepEqual(
    ['process', 'cmd_transition', 'cmd_unsettled', 'cmd_projection', 'cmd_audit'].flatMap((table) =>
      read(`SELECT * FROM ${table}`),
    ),
    [],
  );
});

test('`start` and `end` do not wait for a lock on the shared database; the row follows after the lock', async (t) => {
  const { store, shared, list, finish } = await openedStore(t);
  const id = await store.accept(command('u'));
  shared.exec('BEGIN IMMEDIATE');
  await store.start(step(id, 'u', 'running'));
  await finish(id, 'u', 0, 'out', '');
  assert.deepEqual(list('SELECT status FROM process'), ['success']);
  assert.equal(rowsOf(shared)[0]?.status, 'running');
  shared.exec('COMMIT');
  await until('the row to be brought up to date', () => rowsOf(shared)[0]?.status === 'success');
  assert.equal(store.trouble(), undefined);
});

test('`openStore` restores shared rows that a power cut has removed, with complete texts', async (t) => {
  const first = await openedStore(t, { describe });
  copyFileSync(first.sharedPath, `${first.sharedPath}.before`);
  await first.store.accept(command('open'));
  const id = await first.store.accept(longCommand('ended'));
  await first.store.end(
    step(id, 'ended', 'x'),
    { code: 0, stdout: 'out', stderr: '', at: NOON },
    longCommand('ended'),
  );
  await until('the end in the shared row', () => rowsOf(first.shared)[1]?.status === 'success');
  const before = rowsOf(first.shared);
  const stateCopy = `${first.path}.copy`;
  for (const suffix of ['', '-wal']) copyFileSync(first.path + suffix, stateCopy + suffix);
  first.store.close();
  first.shared.close();
  for (const suffix of ['', '-wal', '-shm']) rmSync(first.sharedPath + suffix, { force: true });
  copyFileSync(`${first.sharedPath}.before`, first.sharedPath);
  const next = await openedStore(t, { path: stateCopy, describe });
  await until('the rows to be written again', () => rowsOf(next.shared).length === before.length);
  assert.deepEqual(rowsOf(next.shared), before);
  assert.equal(before[1]?.command, longCommand('ended').command);
});

test('`openStore` inserts no shared row twice, however often it runs', async (t) => {
  const { store, path, sharedPath } = await openedStore(t);
  await store.accept(command('u'));
  store.close();
  const other = new Database(sharedPath);
  t.after(() => other.close());
  // Another service has taken the number.
  other.exec(`UPDATE process SET id = 9; INSERT INTO process (id, command_id, command, status, start_time, type, args)
    VALUES (1, 'theirs', '', 'running', '', 'backup', '{}')`);
  for (let time = 0; time < 3; time++) {
    const next = await openedStore(t, { path });
    assert.deepEqual(idsOf(next.shared), ['theirs', 'u']);
    next.store.close();
  }
});

test('`end` updates shared rows although the shared table refuses another row', async (t) => {
  const { store, shared, finish, list } = await openedStore(t);
  const [bad, good] = [await store.accept(command('bad')), await store.accept(command('good'))];
  shared.exec(`CREATE UNIQUE INDEX theirs ON process (command_id);
    UPDATE process SET command_id = 'taken' WHERE command_id = 'bad';
    UPDATE process SET command_id = 'bad', id = -5 WHERE command_id = 'taken'`);
  shared.exec(`INSERT INTO process (command_id, command, status, start_time, type, args)
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10001)
    SELECT 'x' || i, '', 'success', '', 'backup', '{}' FROM n`);
  await finish(bad, 'bad', 0, '', '');
  await finish(good, 'good', 0, '', '');
  assert.equal(await store.accept(command('new')), 3);
  const statusOf = shared.prepare('SELECT status FROM process WHERE command_id = ?').pluck();
  assert.deepEqual([statusOf.get('good'), statusOf.get('bad')], ['success', 'running']);
  assert.deepEqual(list("SELECT status FROM process WHERE command_id = 'bad'"), ['success']);
});

test('`accept` cuts long texts in the journal, which keeps the request until the shared row is on disk', async (t) => {
  const { store, list, read } = await openedStore(t, { describe });
  const long = longCommand('u');
  const id = await store.accept(long);
  const [{ command: words, args } = {}] = read('SELECT command, args FROM process');
  assert.deepEqual([(words as string).length < 4_200, args], [true, '{}']);
  await store.end(step(id, 'u', 'x'), { code: 1, stdout: '', stderr: 'e'.repeat(9_000), at: NOON }, long);
  assert.deepEqual(list('SELECT request FROM cmd_unsettled'), []);
  assert.deepEqual(list('SELECT request FROM cmd_projection'), [long.request]);
  assert.deepEqual(list('SELECT length(error) FROM process'), [9_000]);
  store.close();
  assert.deepEqual(list('SELECT request FROM cmd_projection'), []);
  assert.deepEqual(list('SELECT length(error) FROM process'), [4_096]);
});

test('`openStore` keeps no note of a shared row that is on disk, also while the daemon runs', async (t) => {
  const { store, finish, list } = await openedStore(t);
  const text = 'x'.repeat(50_000);
  for (let index = 0; index < 100; index++) {
    const id = await store.accept(command(`u${index}`));
    await finish(id, `u${index}`, 0, text, '');
  }
  const remembered = list('SELECT process_id FROM cmd_projection').length;
  assert.ok(remembered < 100, `${remembered} of 100 are remembered`);
  const open = await store.accept(command('open'));
  store.close();
  assert.deepEqual(list('SELECT process_id FROM cmd_projection'), [open]);
});

test('`unsettled` gives no path, no pid below 2, no negative count and no huge request of a damaged journal', async (t) => {
  const { store, other, list } = await openedStore(t);
  for (const id of ['a', 'b', 'c']) await store.accept(command(id));
  other.exec(`UPDATE cmd_unsettled SET connection_id = 'x/../../y', pid = 1, pid_start = '1', boot_id = 'b', tries = -9
    WHERE command_id = 'a';
    UPDATE cmd_unsettled SET request = zeroblob(1048577) WHERE command_id = 'b';
    UPDATE cmd_unsettled SET command_id = '../c' WHERE process_id = 3;
    UPDATE process SET command_id = '../c' WHERE id = 3`);
  const [a, b, ...more] = await store.unsettled();
  assert.deepEqual([a?.connectionId, a?.child, a?.tries], ['unknown', undefined, 0]);
  assert.equal(b?.request, '');
  assert.deepEqual(more, []);
  assert.deepEqual(list('SELECT error FROM process WHERE id = 3'), ['the record of this command is damaged']);
});

test('`accept` rejects while the shared table refuses the changes of many rows, and resolves when it takes them', async (t) => {
  const { store, shared, finish } = await openedStore(t);
  const ids = Array.from({ length: 64 }, (_, index) => `c${index}`);
  for (const id of ids) await store.accept(command(id));
  shared.exec(`INSERT INTO process (command_id, command, status, start_time, type, args)
      SELECT command_id, '', 'success', '', 'theirs', '{}' FROM process;
    CREATE UNIQUE INDEX refusing ON process (command_id, status)`);
  for (const [index, id] of ids.entries()) await finish(index + 1, id, 0, '', '');
  for (let attempt = 0, reason = ''; !/refuses changes of its rows/.test(reason); attempt++) {
    [reason = ''] = await Promise.all([
      store.accept(command(`new${attempt}`)).then(() => '', String),
      wait(PROJECTION_MS),
    ]);
  }
  shared.exec('DROP INDEX refusing');
  await until('the rows to be brought up to date', () =>
    rowsOf(shared).every(
      ({ status, command_id }) => status === 'success' || String(command_id).startsWith('new'),
    ),
  );
  await store.accept(command('newest'));
});
