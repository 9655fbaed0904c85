import assert from 'node:assert/strict';
import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { claimDatabase } from '../../../src/io/store/lock.ts';
import { DatabaseTrouble, LiveDatabase } from '../../../src/io/store/reopening-database.ts';
import { testFolder } from '../../support/folder.ts';
import { openWal } from '../../support/open-wal.ts';
import { until } from '../../support/until.ts';

function live(t: TestContext) {
  const path = join(testFolder(t), 'db.sqlite3');
  const database = new LiveDatabase<(text: string) => void>({
    path,
    open: openWal,
    prepare: (opened) => {
      opened.exec('CREATE TABLE IF NOT EXISTS note (text)');
      const insert = opened.prepare('INSERT INTO note VALUES (?)');
      return (text) => void insert.run(text);
    },
  });
  database.open();
  t.after(() => database.close());
  const write = (text: string) => database.transaction((note) => note(text));
  const notes = () => {
    const reader = new Database(path, { readonly: true });
    const found = reader.prepare('SELECT text FROM note').pluck().all();
    reader.close();
    return found;
  };
  return { path, write, notes, database };
}

test('`LiveDatabase` fails a write if its file is no longer at its path, and creates a new file later', async (t) => {
  const { path, write, notes } = live(t);
  write('a');
  for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix);
  assert.throws(() => write('b'), /the database file was deleted or replaced/);
  // Another process may be about to replace the deleted file.
  assert.throws(() => write('c'), /the database file was deleted/);
  assert.ok(!existsSync(path));
  await until('a new file', () => {
    try {
      write('d');
      return true;
    } catch {
      return false;
    }
  });
  assert.deepEqual(notes(), ['d']);
});

test('`LiveDatabase` checkpoints a long write-ahead log after the commit, not within it', async (t) => {
  const { path, write } = live(t);
  const reader = new Database(path, { readonly: true });
  t.after(() => reader.close());
  type Log = { readonly log: number; readonly checkpointed: number };
  const log = () => (reader.pragma('wal_checkpoint(NOOP)') as [Log])[0];
  const short = 'x'.repeat(100);
  const long = 'x'.repeat(1_100 * 4_096);
  write(short);
  await setImmediate();
  assert.equal(log().checkpointed, 0);
  write(long);
  assert.ok(log().log > 1_000);
  assert.equal(log().checkpointed, 0);
  await setImmediate();
  assert.equal(log().checkpointed, log().log);
  // The next write begins at the start of the log.
  write(short);
  assert.ok(log().log < 10);
});

test('`LiveDatabase` opens another file at its path, also after only the log was removed', (t) => {
  const { path, write, notes } = live(t);
  write('a');
  rmSync(`${path}-wal`);
  assert.throws(() => write('b'), DatabaseTrouble);
  write('c');
  assert.deepEqual(notes().at(-1), 'c');
  const other = new Database(`${path}.other`);
  other.exec('CREATE TABLE note (text)');
  other.close();
  for (const suffix of ['-wal', '-shm']) rmSync(path + suffix);
  renameSync(`${path}.other`, path);
  assert.throws(() => write('d'), DatabaseTrouble);
  write('e');
  assert.deepEqual(notes(), ['e']);
});

test('`LiveDatabase` reports a lock of another connection as busy, and throws an error of the work as it is', (t) => {
  const { path, write, database, notes } = live(t);
  const other = new Database(path);
  t.after(() => other.close());
  other.exec('BEGIN IMMEDIATE');
  assert.throws(
    () => write('a'),
    (error) => error instanceof DatabaseTrouble && error.busy,
  );
  other.exec('COMMIT');
  const wrong = new Error('wrong');
  assert.throws(
    () =>
      database.transaction((note) => {
        note('half');
        throw wrong;
      }),
    wrong,
  );
  write('b');
  assert.deepEqual(notes(), ['b']);
});

test('`claimDatabase` refuses a second daemon until the claim is released', (t) => {
  const path = join(testFolder(t), 'db.sqlite3');
  const claim = claimDatabase(path);
  assert.throws(() => claimDatabase(path), /another daemon works on the database/);
  claim.release();
  claimDatabase(path).release();
});

test('`LiveDatabase` closes its connection if the database cannot be prepared', (t) => {
  const path = join(testFolder(t), 'db.sqlite3');
  const open = () =>
    new LiveDatabase({
      path,
      open: openWal,
      prepare: () => {
        throw new Error('no such table');
      },
    }).open();
  assert.throws(open, /no such table/);
  const before = readdirSync('/proc/self/fd').length;
  for (let i = 0; i < 20; i++) assert.throws(open);
  assert.equal(readdirSync('/proc/self/fd').length, before);
});

test('`LiveDatabase` opens an up-to-date database under a lock of another connection, and waits to create a new one', (t) => {
  const { path, write, notes } = live(t);
  const other = new Database(path);
  t.after(() => other.close());
  other.exec('BEGIN IMMEDIATE');
  openWal(path, 0).database.close();
  other.exec('COMMIT');
  for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix);
  assert.throws(() => write('a'), DatabaseTrouble);
  const replacement = new Database(path);
  t.after(() => replacement.close());
  replacement.pragma('journal_mode = WAL');
  replacement.exec('BEGIN IMMEDIATE');
  assert.throws(
    () => write('b'),
    (error) => error instanceof DatabaseTrouble && error.busy,
  );
  replacement.exec('COMMIT');
  write('c');
  assert.deepEqual(notes(), ['c']);
});

test('`LiveDatabase` opens a new connection after an I/O error, and keeps it after a full disk', (t) => {
  const path = join(testFolder(t), 'db.sqlite3');
  let opened = 0;
  const database = new LiveDatabase({ path, open: openWal, prepare: () => opened++ });
  database.open();
  t.after(() => database.close());
  const meet = (code: string) => {
    assert.throws(
      () =>
        database.transaction(() => {
          throw Object.assign(new Error('of the disk'), { code });
        }),
      DatabaseTrouble,
    );
    database.transaction(() => {});
    return opened;
  };
  assert.deepEqual(
    ['SQLITE_FULL', 'SQLITE_IOERR_WRITE', 'SQLITE_READONLY', 'SQLITE_CORRUPT'].map(meet),
    [1, 2, 3, 4],
  );
});
