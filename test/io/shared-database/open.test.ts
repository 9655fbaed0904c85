import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import Database from 'better-sqlite3';
import { openSharedDatabase } from '../../../src/io/shared-database/open.ts';
import { afterCall } from '../../support/after-call.ts';
import { testFolder } from '../../support/folder.ts';

function open(t: TestContext, path: string): Database.Database {
  const { database, release } = openSharedDatabase(path, 0);
  t.after(() => {
    database.close();
    release();
  });
  return database;
}

const close = ({ database, release }: ReturnType<typeof openSharedDatabase>) => {
  database.close();
  release();
};

const UNSAFE = { code: 'SHARED_DATABASE_UNSAFE' };

test('openSharedDatabase opens in WAL mode, without a sync for each commit, and runs no code of the schema', (t) => {
  const database = open(t, join(testFolder(t), 'made', 'db.sqlite3'));
  const pragma = (name: string) => database.pragma(name, { simple: true });
  assert.deepEqual(
    ['journal_mode', 'synchronous', 'busy_timeout', 'trusted_schema', 'foreign_keys'].map(pragma),
    ['wal', 1, 0, 0, 0],
  );
});

test('openSharedDatabase makes a directory for the group, whatever the umask', (t) => {
  const folder = join(testFolder(t), 'made');
  const mask = process.umask(0o077);
  t.after(() => process.umask(mask));
  open(t, join(folder, 'db.sqlite3'));
  assert.equal(statSync(folder).mode & 0o7777, 0o2770);
});

test('openSharedDatabase follows no symlink, opens no file of two names, no directory and no pipe', (t) => {
  const folder = testFolder(t);
  const victim = join(folder, 'victim.sqlite3');
  const database = new Database(victim);
  database.exec('CREATE TABLE theirs (x)');
  database.close();
  const before = readFileSync(victim);
  const puts: [string, (path: string) => void][] = [
    ['a symlink', (path) => symlinkSync(victim, path)],
    ['a symlink to nothing', (path) => symlinkSync(join(folder, 'none'), path)],
    ['a hard link', (path) => linkSync(victim, path)],
    ['a directory', (path) => mkdirSync(path)],
    ['a pipe', (path) => void execFileSync('mkfifo', [path])],
  ];
  for (const [what, put] of puts) {
    const path = join(folder, `${what}.sqlite3`);
    put(path);
    assert.throws(
      () => openSharedDatabase(path, 0),
      /cannot use the shared database safely|cannot be used/,
      what,
    );
  }
  assert.deepEqual(readFileSync(victim), before);
  assert.ok(!existsSync(join(folder, 'none')));
});

test('openSharedDatabase notices a symlink that is put in place while it opens', (t) => {
  const folder = testFolder(t);
  const [path, victim] = [join(folder, 'db.sqlite3'), join(folder, 'victim')];
  writeFileSync(victim, '');
  let swapped = false;
  afterCall(t, 'readdirSync', (looked) => {
    if (looked !== '/proc/self/fd' || swapped) return;
    swapped = true;
    renameSync(path, `${path}.away`);
    symlinkSync(victim, path);
  });
  assert.throws(() => openSharedDatabase(path, 0), UNSAFE);
  assert.deepEqual([swapped, readFileSync(victim, 'utf8')], [true, '']);
});

test('openSharedDatabase notices a symlink to its own file that is put in place while it opens', (t) => {
  const folder = testFolder(t);
  const [path, elsewhere] = [join(folder, 'lib', 'db.sqlite3'), join(folder, 'elsewhere')];
  mkdirSync(elsewhere);
  close(openSharedDatabase(path, 0));
  let swapped = false;
  // The last look before SQLite opens the database: its file gets another path, and has one name all the same.
  afterCall(t, 'readdirSync', (looked) => {
    if (looked !== '/proc/self/fd' || swapped) return;
    swapped = true;
    renameSync(path, join(elsewhere, 'other'));
    symlinkSync(join(elsewhere, 'other'), path);
  });
  assert.throws(() => openSharedDatabase(path, 0), UNSAFE);
  assert.deepEqual([swapped, readdirSync(elsewhere)], [true, ['other']]);
});

test('openSharedDatabase opens no other file to the group that has the name of a log', {
  skip: process.getuid?.() !== 0 && 'gives a file away',
}, (t) => {
  const path = join(testFolder(t), 'db.sqlite3');
  close(openSharedDatabase(path, 0));
  chownSync(path, 12345, 0);
  writeFileSync(`${path}-wal`, 'of root alone', { mode: 0o600 });
  close(openSharedDatabase(path, 0));
  if (existsSync(`${path}-wal`)) assert.equal(statSync(`${path}-wal`).mode & 0o777, 0o600);
});

test('openSharedDatabase refuses a pipe, a link and the journal of a crash beside the database', (t) => {
  const folder = testFolder(t);
  const path = join(folder, 'db.sqlite3');
  close(openSharedDatabase(path, 0));
  const victim = join(folder, 'victim');
  writeFileSync(victim, 'x');
  const puts: ((file: string) => void)[] = [
    (file) => void execFileSync('mkfifo', [file]),
    (file) => symlinkSync(victim, file),
    (file) => linkSync(victim, file),
    (file) => mkdirSync(file),
  ];
  for (const suffix of ['-journal', '-wal', '-shm']) {
    for (const put of puts) {
      put(path + suffix);
      assert.throws(() => openSharedDatabase(path, 0), UNSAFE);
      execFileSync('rm', ['-rf', path + suffix]);
    }
  }
  writeFileSync(`${path}-journal`, 'the remains of a crash');
  assert.throws(() => openSharedDatabase(path, 0), UNSAFE);
  // The remains of a completed transaction, in two other journal modes.
  for (const ended of ['', '\0\0\0\0']) {
    writeFileSync(`${path}-journal`, ended);
    close(openSharedDatabase(path, 0));
  }
});

test('openSharedDatabase does not open a pipe that becomes the journal after the check', {
  timeout: 20_000,
}, (t) => {
  for (const mode of ['wal', 'delete']) {
    const path = join(testFolder(t), 'db.sqlite3');
    const database = new Database(path);
    database.pragma(`journal_mode = ${mode}`);
    database.exec('CREATE TABLE theirs (x)');
    database.close();
    let put = false;
    // This is the last check before SQLite opens the database.
    afterCall(t, 'readdirSync', (looked) => {
      if (looked !== '/proc/self/fd' || put) return;
      put = true;
      execFileSync('mkfifo', [`${path}-journal`]);
    });
    try {
      close(openSharedDatabase(path, 0));
    } catch (error) {
      assert.match((error as Error).message, /cannot/);
    }
    assert.ok(put, 'and it came back');
  }
});

for (const [what, put] of [
  ['a symlink to', symlinkSync],
  ['a link of', linkSync],
] as const) {
  test(`openSharedDatabase does not open another file to the group through ${what} it in the place of a log`, {
    skip: process.getuid?.() !== 0 && 'gives a file away',
  }, (t) => {
    const folder = testFolder(t);
    const [path, victim] = [join(folder, 'db.sqlite3'), join(folder, 'victim')];
    close(openSharedDatabase(path, 0));
    chownSync(path, 12345, 0);
    writeFileSync(victim, '', { mode: 0o600 });
    let swapped = false;
    afterCall(t, 'fstatSync', () => {
      if (swapped || !((statSync(`${path}-shm`, { throwIfNoEntry: false })?.size ?? 0) > 0)) return;
      swapped = true;
      renameSync(`${path}-shm`, `${path}-shm.away`);
      put(victim, `${path}-shm`);
    });
    try {
      close(openSharedDatabase(path, 0));
    } catch (error) {
      assert.match((error as Error).message, /cannot/);
    }
    assert.deepEqual([swapped, statSync(victim).mode & 0o777], [true, 0o600]);
  });
}

test("openSharedDatabase opens the logs of another owner's database to the group if it cannot change their owner", {
  skip: process.getuid?.() !== 0 && 'gives a file away',
}, (t) => {
  const path = join(testFolder(t), 'db.sqlite3');
  const theirs = new Database(path);
  theirs.exec('CREATE TABLE theirs (x)');
  theirs.close();
  chmodSync(path, 0o644);
  chownSync(path, 12345, 0);
  const made = withoutChown(`
    openSharedDatabase(${JSON.stringify(path)}, 0);
    const logs = ['-wal', '-shm'].map((suffix) => statSync(${JSON.stringify(path)} + suffix));
    console.log(logs.map(({ uid, mode }) => [uid, (mode & 0o777).toString(8)].join(' ')).join(', '));`);
  assert.equal(made, '0 664, 0 664');
});

test('openSharedDatabase creates no database that it cannot give to the group of its directory; setgid suffices', {
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
        const { database } = openSharedDatabase(${JSON.stringify(path)}, 0); database.close();
      } catch ({ message }) {
        console.log(message);
      }`);
  for (let time = 0; time < 2; time++) {
    assert.match(
      start(),
      /cannot be used: .*cannot be given to the group of its directory, gid 12345 \(chmod g\+s/,
    );
    assert.ok(!existsSync(path));
  }
  chmodSync(folder, 0o2770);
  assert.equal(start(), '');
  const { gid, mode } = statSync(path);
  assert.deepEqual([gid, mode & 0o777], [12345, 0o660]);
});

/** Runs the script as the unit does: as root without the right to give files away. */
function withoutChown(script: string): string {
  const source = JSON.stringify(
    join(import.meta.dirname, '..', '..', '..', 'src/io/shared-database/open.ts'),
  );
  const head = `import { statSync } from 'node:fs'; import { openSharedDatabase } from ${source};`;
  const node = [process.execPath, '--input-type=module', '-e', head + script];
  const capabilities = ['--bounding-set=-chown', '--inh-caps=-chown'];
  return String(execFileSync('/usr/bin/setpriv', [...capabilities, ...node])).trim();
}
