import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import Database from 'better-sqlite3';
import { GroupCommit } from '../../../src/io/store/group-commit.ts';
import { DatabaseTrouble, LiveDatabase } from '../../../src/io/store/reopening-database.ts';
import { testFolder } from '../../support/folder.ts';
import { openWal } from '../../support/open-wal.ts';
import { until } from '../../support/until.ts';

type Notes = (text: string) => number | bigint;

function store(t: TestContext) {
  const path = join(testFolder(t), 'db.sqlite3');
  const opened: Database.Database[] = [];
  let transactions = 0;
  const live = new LiveDatabase<Notes>({
    path,
    open: openWal,
    prepare: (database) => {
      opened.push(database);
      database.exec('CREATE TABLE IF NOT EXISTS note (text TEXT UNIQUE)');
      const insert = database.prepare('INSERT INTO note VALUES (?)');
      return (text) => insert.run(text).lastInsertRowid;
    },
  });
  live.open();
  const counted = {
    transaction: <R>(work: (tables: Notes) => R): R => {
      transactions++;
      return live.transaction(work);
    },
  };
  const troubles: (string | undefined)[] = [];
  const group = new GroupCommit<Notes>(counted, (trouble) => troubles.push(trouble));
  const other = new Database(path);
  t.after(() => {
    group.close();
    live.close();
    other.close();
  });
  const notes = () => other.prepare('SELECT text FROM note ORDER BY rowid').pluck().all();
  return {
    path,
    database: opened[0] as Database.Database,
    group,
    other,
    notes,
    troubles,
    transactions: () => transactions,
    note: (text: string) => (insert: Notes) => insert(text),
  };
}

test('`commit` resolves with the result of its work once another connection can read it', async (t) => {
  const { group, note, notes } = store(t);
  assert.equal(await group.commit(note('a')), 1);
  assert.deepEqual(notes(), ['a']);
});

test('`GroupCommit` writes works that arrive together in one transaction', async (t) => {
  const { group, note, notes, transactions } = store(t);
  await Promise.all(Array.from({ length: 100 }, (_, index) => group.commit(note(String(index)))));
  assert.equal(transactions(), 1);
  assert.equal(notes().length, 100);
  await Promise.all(Array.from({ length: 600 }, (_, index) => group.commit(note(`b${index}`))));
  assert.ok(transactions() <= 5, `${transactions()} commits`);
});

test('`GroupCommit` writes a work with `maxDelayMs` with the next one without, in order of arrival', async (t) => {
  const { group, note, notes, transactions } = store(t);
  const HOUR = 3_600_000;
  const patient = group.commit(note('a'), { maxDelayMs: HOUR });
  await new Promise(setImmediate);
  assert.equal(transactions(), 0);
  await Promise.all([group.commit(note('b')), patient]);
  assert.equal(transactions(), 1);
  assert.deepEqual(notes(), ['a', 'b']);
});

test('`GroupCommit` writes a work with `maxDelayMs` at its deadline, at a stop or in a full group', async (t) => {
  const { group, note, transactions } = store(t);
  const HOUR = 3_600_000;
  await group.commit(note('a'), { maxDelayMs: 5 });
  const last = group.commit(note('b'), { maxDelayMs: HOUR });
  await group.drained();
  await last;
  assert.equal(transactions(), 2);
  await Promise.all(
    Array.from({ length: 256 }, (_, index) => group.commit(note(`c${index}`), { maxDelayMs: HOUR })),
  );
  assert.equal(transactions(), 3);
});

test('`GroupCommit` rejects a failing work alone, and commits the others of its transaction', async (t) => {
  const { group, note, notes } = store(t);
  const results = await Promise.allSettled(
    ['a', 'b', 'a', 'c'].map((text) => group.commit(note(text), { lockTimeoutMs: 1_000 })),
  );
  assert.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', 'fulfilled', 'rejected', 'fulfilled'],
  );
  assert.deepEqual(notes(), ['a', 'b', 'c']);
});

test('`GroupCommit` retries a failing work without `lockTimeoutMs`, and commits others meanwhile', async (t) => {
  const { group, other, note, notes } = store(t);
  await group.commit(note('a'));
  const kept = group.commit(note('a'));
  await group.commit(note('b'));
  assert.match(await until('the trouble', () => group.trouble), /UNIQUE constraint failed/);
  other.exec("DELETE FROM note WHERE text = 'a'");
  await kept;
  assert.deepEqual(notes(), ['b', 'a']);
});

test('`GroupCommit` under a lock keeps works without `lockTimeoutMs`, and rejects the others without writing them', async (t) => {
  const { group, other, note, notes, troubles } = store(t);
  other.exec('BEGIN IMMEDIATE');
  const kept = group.commit(note('kept'));
  await assert.rejects(group.commit(note('refused'), { lockTimeoutMs: 30 }), /database is locked/);
  assert.equal(group.trouble, 'database is locked');
  other.exec('COMMIT');
  await kept;
  assert.deepEqual(notes(), ['kept']);
  assert.equal(group.trouble, undefined);
  assert.deepEqual(troubles, ['database is locked', undefined], 'told once, and once when it is over');
});

test('`GroupCommit` on a full disk rejects works with `lockTimeoutMs`, and keeps the others', async (t) => {
  const { database, group, note, notes } = store(t);
  const pages = database.pragma('page_count', { simple: true }) as number;
  database.pragma(`max_page_count = ${pages}`);
  const large = 'x'.repeat(100_000);
  const kept = group.commit(note(large));
  await assert.rejects(
    group.commit(note('y'.repeat(100_000)), { lockTimeoutMs: 1_000 }),
    /database or disk is full/,
  );
  await until('the trouble', () => group.trouble);
  database.pragma('max_page_count = 100000');
  await kept;
  assert.deepEqual(notes(), [large]);
});

test('`drained` waits for works in progress, and `close` rejects waiting and new works', async (t) => {
  const { group, other, note, notes } = store(t);
  await group.drained();
  const written = group.commit(note('a'));
  await group.drained();
  await written;
  assert.deepEqual(notes(), ['a']);
  other.exec('BEGIN IMMEDIATE');
  const waiting = assert.rejects(group.commit(note('b')), /the daemon stops/);
  await until('the trouble', () => group.trouble);
  group.close();
  await waiting;
  await assert.rejects(group.commit(note('c')), /it is closed/);
});

test('`GroupCommit` rejects a work at its `lockTimeoutMs` however many others are kept, and does not write it', async (t) => {
  const { group, other, note, notes } = store(t);
  other.exec('BEGIN IMMEDIATE');
  const kept = Array.from({ length: 300 }, (_, index) => group.commit(note(`kept ${index}`)));
  await assert.rejects(group.commit(note('impatient'), { lockTimeoutMs: 30 }), /database is locked/);
  other.exec('COMMIT');
  await Promise.all(kept);
  assert.equal(notes().length, 300);
  assert.ok(!notes().includes('impatient'));
});

test('`GroupCommit` recovers from trouble by itself, also without a waiting work', async (t) => {
  const { group, other, note, troubles } = store(t);
  other.exec('BEGIN IMMEDIATE');
  await assert.rejects(group.commit(note('a'), { lockTimeoutMs: 1 }));
  other.exec('COMMIT');
  await until('the end of the trouble', () => troubles.at(-1) === undefined && troubles.length > 0);
  assert.equal(group.trouble, undefined);
});

test('`GroupCommit` loses no work when trouble begins while it writes one by one', async () => {
  const did: string[] = [];
  const answers = ['wrong', 'ok', 'locked', 'ok'];
  const database = {
    transaction: <R>(work: (tables: undefined) => R): R => {
      const answer = answers.shift();
      if (answer === 'wrong') throw new Error('wrong');
      if (answer === 'locked') throw new DatabaseTrouble('database is locked', true);
      return work(undefined);
    },
  };
  const group = new GroupCommit<undefined>(database);
  await Promise.all(['a', 'b', 'c'].map((name) => group.commit(() => did.push(name))));
  assert.deepEqual(did, ['a', 'b', 'c']);
  group.close();
});
