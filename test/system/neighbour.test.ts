import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import Database from 'better-sqlite3';
import { testFolder } from '../support/folder.ts';
import { jailed } from '../support/jail.ts';
import { MEMBER, NO_COVERAGE } from '../support/member.ts';
import { BareMachine, noPackagedDirectories } from '../support/packaged-directories.ts';

const skip = noPackagedDirectories();

/** Installs the directories, with files of root in each. */
function installed(t: TestContext): { machine: BareMachine; database: string } {
  const machine = new BareMachine(testFolder(t));
  machine.install();
  for (const name of ['run/dbcalm/cmd.sock', 'var/log/dbcalm/cmd.log']) writeFileSync(machine.path(name), '');
  return { machine, database: machine.path('var/lib/dbcalm/db.sqlite3') };
}

/** Opens the database as the daemon does: writable for the group. */
function openAsRoot(path: string): Database.Database {
  if (!existsSync(path)) {
    writeFileSync(path, '');
    chownSync(path, 0, MEMBER.gid);
    chmodSync(path, 0o660);
  }
  const database = new Database(path);
  database.pragma('journal_mode = WAL');
  database.exec('CREATE TABLE IF NOT EXISTS process (id INTEGER PRIMARY KEY, status TEXT)');
  return database;
}

function neighbourIn(machine: BareMachine): string {
  const script = join(import.meta.dirname, 'neighbour.ts');
  const [file, ...words] = jailed(machine.folder, [process.execPath, script, machine.path('')]) as [
    string,
    ...string[],
  ];
  const { stdout, stderr } = spawnSync(file, words, {
    encoding: 'utf8',
    env: { LC_ALL: 'C', ...NO_COVERAGE },
  });
  return `${stdout}${stderr}`;
}

const rowsOf = (database: Database.Database) =>
  database.prepare('SELECT count(*) FROM process').pluck().get() as number;

test('postinst lets an API server use the database, sockets and logs while root has files there', {
  skip,
}, (t) => {
  const { machine, database } = installed(t);
  const roots = openAsRoot(database);
  t.after(() => roots.close());
  assert.equal(neighbourIn(machine), '');
  assert.equal(rowsOf(roots), 2);
  roots.exec("INSERT INTO process (status) VALUES ('running')");
  assert.equal(rowsOf(roots), 3);
  assert.ok(existsSync(machine.path('run/dbcalm/cmd.sock')));
});

test('postinst lets root use the database, -wal and -shm that an API server has created', {
  skip,
}, (t) => {
  const { machine, database } = installed(t);
  // As a killed API server leaves them: it owns all three.
  const roots = openAsRoot(database);
  t.after(() => roots.close());
  roots.exec("INSERT INTO process (status) VALUES ('running')");
  const files = ['', '-wal', '-shm'].map((suffix) => database + suffix);
  for (const file of files) chownSync(file, MEMBER.uid, MEMBER.gid);
  const next = openAsRoot(database);
  t.after(() => next.close());
  next.exec("INSERT INTO process (status) VALUES ('running')");
  assert.equal(rowsOf(next), 2);
  assert.equal(neighbourIn(machine), '');
  for (const file of files) assert.equal(statSync(file).uid, MEMBER.uid);
});

test('neighbour.ts reports what it could not do, for example without the directory of the database', {
  skip,
}, (t) => {
  const machine = new BareMachine(testFolder(t));
  mkdirSync(machine.path('var/lib/dbcalm'), { mode: 0o700 });
  assert.match(neighbourIn(machine), /^write to the database that root has open: .*unable to open/);
});
