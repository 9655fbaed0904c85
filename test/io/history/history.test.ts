import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import Database from 'better-sqlite3';
import { type HistorySource, readHistory } from '../../../src/io/history/history.ts';
import type { Filter } from '../../../src/io/history/rows.ts';
import { watchDatabase } from '../../../src/io/history/watch.ts';
import { openJournalDatabase } from '../../../src/io/store/open.ts';
import { testFolder } from '../../support/folder.ts';
import { SERVER_DATABASES } from '../../support/server-databases.ts';

const INSERT =
  'INSERT INTO process (command_id, command, status, start_time, end_time, type, args) VALUES (?, ?, ?, ?, ?, ?, ?)';
const journal = (path: string): HistorySource => ({ kind: 'journal', path });
const at = (hour: number) => `2026-11-24 ${String(hour).padStart(2, '0')}:00:00.000000`;

/** A directory that only the daemon's user can enter. */
function stateFolder(t: TestContext): string {
  const folder = join(testFolder(t), 'state');
  mkdirSync(folder, { mode: 0o700 });
  return folder;
}

function fill(database: Database.Database): void {
  const add = (id: string, status: string, hour: number, type: string) =>
    database.prepare(INSERT).run(id, `/bin/rm ${id}`, status, at(hour), null, type, '{}');
  add('aaaa1', 'success', 1, 'delete_directory');
  add('aaaa2', 'failed', 2, 'cleanup_backups');
  add('bbbb1', 'running', 3, 'delete_directory');
  add('cccc1', 'running', 4, 'backup');
}

test('`list` takes states from the journal where it has them, and applies each filter', (t) => {
  const path = join(testFolder(t), 'state', 'state.sqlite3');
  const database = openJournalDatabase(path, 0);
  fill(database);
  database
    .prepare(
      "INSERT INTO cmd_unsettled VALUES (3, 'bbbb1', 'c', '{}', '{}', 'x', 'pending', 0, NULL, NULL, NULL)",
    )
    .run();
  const ids = (filter: Partial<Filter>) =>
    readHistory(journal(path), (reader) => reader.list({ limit: 20, ...filter })).map(
      ({ command_id }) => command_id,
    );
  const cases: [Partial<Filter>, string[]][] = [
    [{}, ['cccc1', 'bbbb1', 'aaaa2', 'aaaa1']],
    [{ limit: 2 }, ['cccc1', 'bbbb1']],
    [{ state: 'pending' }, ['bbbb1']],
    [{ state: 'running' }, ['cccc1']],
    [{ state: 'succeeded' }, ['aaaa1']],
    [{ state: 'failed' }, ['aaaa2']],
    [{ type: 'delete_directory' }, ['bbbb1', 'aaaa1']],
    [{ type: "x' OR 1 --" }, []],
    [{ since: at(2) }, ['cccc1', 'bbbb1', 'aaaa2']],
    [{ since: at(2), state: 'failed', type: 'cleanup_backups' }, ['aaaa2']],
  ];
  for (const [filter, wanted] of cases) assert.deepEqual(ids(filter), wanted, JSON.stringify(filter));
  database.close();
});

test('`matching` finds a command by the beginning of its id', (t) => {
  const path = join(testFolder(t), 'state', 'state.sqlite3');
  const database = openJournalDatabase(path, 0);
  fill(database);
  const matching = (given: string) => readHistory(journal(path), (reader) => reader.matching(given));
  assert.deepEqual(matching('aaaa1'), ['aaaa1']);
  assert.deepEqual(matching('bbbb'), ['bbbb1']);
  assert.equal(matching('aaaa').length, 2);
  for (const none of ['bbb', '', '%', 'bbbb1x', '____']) assert.deepEqual(matching(none), [], none);
  database.close();
});

test('`readHistory` reads rows but no transitions from the shared database, and changes nothing', (t) => {
  const path = join(testFolder(t), 'db.sqlite3');
  const database = new Database(path);
  database.exec(SERVER_DATABASES.Go);
  database.exec(
    'CREATE TABLE cmd_transition (id, process_id, command_id); INSERT INTO cmd_transition VALUES (7, 1, 1)',
  );
  fill(database);
  const shared: HistorySource = { kind: 'shared', path };
  const found = readHistory(shared, (reader) => reader.of('aaaa1'));
  assert.deepEqual([found?.state, found?.transitions, found?.audit], ['succeeded', [], []]);
  assert.equal(
    readHistory(shared, (reader) => reader.lastTransition()),
    0,
  );
  assert.equal(readHistory(shared, (reader) => reader.list({ limit: 9 })).length, 4);
  const tables = database.prepare("SELECT count(*) FROM sqlite_master WHERE name LIKE 'cmd_%'").pluck();
  assert.equal(tables.get(), 1);
  database.close();
});

test('`readHistory` refuses a file that is not a database, and creates none', (t) => {
  const folder = testFolder(t);
  const read = (path: string) => () => readHistory(journal(path), (reader) => reader.last());
  assert.throws(read(join(folder, 'none.sqlite3')), { code: 'DATABASE_UNREADABLE' });
  assert.deepEqual(readdirSync(folder), []);
  const text = join(folder, 'text');
  writeFileSync(text, 'no database at all, but long enough to be looked at'.repeat(100));
  assert.throws(read(text), { code: 'DATABASE_UNREADABLE' });
});

test('`watchDatabase` wakes its reader at a commit, also in a database that is created later', {
  timeout: 60_000,
}, async (t) => {
  // The mocked timer cannot wake the reader.
  t.mock.timers.enable({ apis: ['setInterval'] });
  const path = join(stateFolder(t), 'state.sqlite3');
  const watched = watchDatabase(path);
  t.after(() => watched.close());
  const database = openJournalDatabase(path, 0);
  for (let rows = 4; rows <= 40; rows += 4) {
    const woken = watched.changed();
    fill(database);
    await woken;
    assert.equal(readHistory(journal(path), (reader) => reader.list({ limit: 99 })).length, rows);
  }
  database.close();
});

test('`watchDatabase` checks a missing directory by a timer', async (t) => {
  const watched = watchDatabase(join(testFolder(t), 'none', 'db.sqlite3'));
  t.after(() => watched.close());
  await watched.changed();
  await watched.changed();
});
