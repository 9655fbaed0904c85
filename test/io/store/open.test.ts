import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, statSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import Database from 'better-sqlite3';
import { MIGRATIONS, migrate } from '../../../src/io/store/migrations.ts';
import { openJournalDatabase } from '../../../src/io/store/open.ts';
import { testFolder } from '../../support/folder.ts';

function open(t: TestContext, path: string): Database.Database {
  const database = openJournalDatabase(path, 0);
  t.after(() => database.close());
  return database;
}

test('openJournalDatabase puts every commit on disk: WAL, synchronous FULL, and no wait for locks', (t) => {
  const database = open(t, join(testFolder(t), 'state', 'state.sqlite3'));
  const pragma = (name: string) => database.pragma(name, { simple: true });
  assert.deepEqual([pragma('journal_mode'), pragma('synchronous'), pragma('busy_timeout')], ['wal', 2, 0]);
});

test("openJournalDatabase creates a directory for the daemon's user only, whatever the umask", (t) => {
  const path = join(testFolder(t), 'state', 'state.sqlite3');
  const mask = process.umask(0);
  t.after(() => process.umask(mask));
  open(t, path);
  assert.equal(statSync(dirname(path)).mode & 0o7777, 0o700);
});

test('openJournalDatabase refuses a directory that another user owns, enters, or can replace', (t) => {
  const made = (): [above: string, directory: string] => {
    const above = testFolder(t);
    mkdirSync(join(above, 'state'), { mode: 0o700 });
    return [above, join(above, 'state')];
  };
  const cases: [string, RegExp, (above: string, directory: string) => void][] = [
    ['mode', /has mode 750, not 700/, (_, directory) => chmodSync(directory, 0o750)],
    ['above', /other users can write to a directory above/, (above) => chmodSync(above, 0o777)],
  ];
  if (process.getuid?.() === 0) {
    cases.push(['owner', /belongs to uid 12345/, (_, directory) => chownSync(directory, 12345, 0)]);
  }
  for (const [what, why, spoil] of cases) {
    const [above, directory] = made();
    spoil(above, directory);
    const path = join(directory, 'state.sqlite3');
    assert.throws(() => openJournalDatabase(path, 0), { code: 'STATE_UNTRUSTED', message: why }, what);
  }
  const [above, directory] = made();
  symlinkSync(directory, join(above, 'link'));
  assert.throws(() => openJournalDatabase(join(above, 'link', 'state.sqlite3'), 0), {
    code: 'STATE_UNTRUSTED',
  });
});

test('`migrate` runs each migration once in order, and refuses a database of a newer daemon', (t) => {
  const database = new Database(join(testFolder(t), 'db'));
  t.after(() => database.close());
  migrate(database);
  migrate(database);
  migrate(database, [...MIGRATIONS, 'CREATE TABLE later (x)']);
  const versions = database.prepare('SELECT version FROM cmd_migration ORDER BY version').pluck().all();
  assert.deepEqual(
    versions,
    [...MIGRATIONS, 'later'].map((_, index) => index + 1),
  );
  assert.throws(
    () => migrate(database),
    /its schema is version \d, this daemon knows \d: use a newer daemon/,
  );
});

test('`migrate` leaves nothing of a migration that fails', (t) => {
  const database = new Database(join(testFolder(t), 'db'));
  t.after(() => database.close());
  const broken = [...MIGRATIONS, 'CREATE TABLE half (x); CREATE TABLE half (x)'];
  assert.throws(() => migrate(database, broken), /already exists/);
  assert.equal(database.prepare("SELECT count(*) FROM sqlite_master WHERE name = 'half'").pluck().get(), 0);
  assert.equal(database.prepare('SELECT max(version) FROM cmd_migration').pluck().get(), MIGRATIONS.length);
});
