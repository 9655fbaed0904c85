import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import { openDatabase } from '../../src/io/database.ts';
import { MIGRATIONS, migrate } from '../../src/io/migrations.ts';
import { afterCall } from '../support/after-call.ts';
import { testFolder } from '../support/folder.ts';

test('every commit is on disk: WAL, synchronous FULL, and no waiting for locks', (t) => {
  const database = openDatabase(join(testFolder(t), 'made', 'db.sqlite3'), 0);
  t.after(() => database.close());
  const pragma = (name: string) => database.pragma(name, { simple: true });
  assert.deepEqual([pragma('journal_mode'), pragma('synchronous'), pragma('busy_timeout')], ['wal', 2, 0]);
});

test('a folder that is made is for the group, and its files are of the same group, whatever the umask', (t) => {
  const folder = join(testFolder(t), 'made');
  const mask = process.umask(0o077);
  t.after(() => process.umask(mask));
  openDatabase(join(folder, 'db.sqlite3'), 0).close();
  assert.equal(statSync(folder).mode & 0o7777, 0o2770);
});

test('who may write to the folder cannot have the mode of a new database set on another file', (t) => {
  const folder = testFolder(t);
  const [path, victim] = [join(folder, 'db.sqlite3'), join(folder, 'victim')];
  writeFileSync(victim, 'no database', { mode: 0o600 });
  let swapped = false;
  afterCall(t, 'openSync', (opened) => {
    if (opened !== path || swapped) return;
    swapped = true;
    renameSync(path, `${path}.away`);
    symlinkSync(victim, path);
  });
  assert.throws(() => openDatabase(path, 0), /file is not a database/);
  assert.deepEqual([swapped, statSync(victim).mode & 0o777], [true, 0o600]);
  assert.equal(statSync(`${path}.away`).mode & 0o777, 0o660);
});

for (const [what, put] of [
  ['a symlink to', symlinkSync],
  ['a link of', linkSync],
] as const) {
  test(`${what} another file in place of a log does not open that file to the group`, {
    skip: process.getuid?.() !== 0 && 'gives a file away',
  }, (t) => {
    const folder = testFolder(t);
    const [path, victim] = [join(folder, 'db.sqlite3'), join(folder, 'victim')];
    openDatabase(path, 0).close();
    chownSync(path, 12345, 0);
    writeFileSync(victim, '', { mode: 0o600 });
    let swapped = false;
    afterCall(t, 'statSync', (looked) => {
      if (looked !== path || swapped) return;
      swapped = true;
      renameSync(`${path}-shm`, `${path}-shm.away`);
      put(victim, `${path}-shm`);
    });
    openDatabase(path, 0).close();
    assert.deepEqual([swapped, statSync(victim).mode & 0o777], [true, 0o600]);
  });
}

test("the logs of another owner's database are for the group where the daemon may not give them away", {
  skip: process.getuid?.() !== 0 && 'gives a file away',
}, (t) => {
  const path = join(testFolder(t), 'db.sqlite3');
  const theirs = new Database(path);
  theirs.exec('CREATE TABLE theirs (x)');
  theirs.close();
  chmodSync(path, 0o644);
  chownSync(path, 12345, 0);
  const made = withoutChown(`
    openDatabase(${JSON.stringify(path)}, 0);
    const logs = ['-wal', '-shm'].map((suffix) => statSync(${JSON.stringify(path)} + suffix));
    console.log(logs.map(({ uid, mode }) => [uid, (mode & 0o777).toString(8)].join(' ')).join(', '));`);
  assert.equal(made, '0 664, 0 664');
});

test('a database that cannot be given to the group of its folder is not made, at any start; setgid is enough', {
  skip: process.getuid?.() !== 0 && 'gives a folder away',
}, (t) => {
  const folder = join(testFolder(t), 'lib');
  const path = join(folder, 'db.sqlite3');
  mkdirSync(folder);
  chownSync(folder, 0, 12345);
  chmodSync(folder, 0o770);
  const start = () =>
    withoutChown(`
      try {
        openDatabase(${JSON.stringify(path)}, 0).close();
      } catch ({ message }) {
        console.log(message);
      }`);
  for (let time = 0; time < 2; time++) {
    assert.match(
      start(),
      /cannot be used: .*cannot be given to the group of its folder, gid 12345 \(chmod g\+s/,
    );
    assert.ok(!existsSync(path));
  }
  chmodSync(folder, 0o2770);
  assert.equal(start(), '');
  const { gid, mode } = statSync(path);
  assert.deepEqual([gid, mode & 0o777], [12345, 0o660]);
});

/** Runs it as the unit does: root that can give nothing away. */
function withoutChown(script: string): string {
  const source = JSON.stringify(join(import.meta.dirname, '..', '..', 'src', 'io', 'database.ts'));
  const head = `import { statSync } from 'node:fs'; import { openDatabase } from ${source};`;
  const node = [process.execPath, '--input-type=module', '-e', head + script];
  const capabilities = ['--bounding-set=-chown', '--inh-caps=-chown'];
  return String(execFileSync('/usr/bin/setpriv', [...capabilities, ...node])).trim();
}

test('each migration runs once, in order, and a database of a newer daemon is left alone', (t) => {
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

test('a migration that fails leaves nothing of itself', (t) => {
  const database = new Database(join(testFolder(t), 'db'));
  t.after(() => database.close());
  const broken = [...MIGRATIONS, 'CREATE TABLE half (x); CREATE TABLE half (x)'];
  assert.throws(() => migrate(database, broken), /already exists/);
  assert.equal(database.prepare("SELECT count(*) FROM sqlite_master WHERE name = 'half'").pluck().get(), 0);
  assert.equal(database.prepare('SELECT max(version) FROM cmd_migration').pluck().get(), MIGRATIONS.length);
});
