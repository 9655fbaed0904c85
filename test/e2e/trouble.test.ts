import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import { ask } from '../support/client.ts';
import { startDaemon, type TestDaemon } from '../support/daemon.ts';
import { makeBackups } from '../support/folder.ts';
import { holdDeletion } from '../support/held-deletion.ts';
import { canMount, mounter } from '../support/mount.ts';
import { setAside } from '../support/set-aside.ts';
import { makeUndeletable } from '../support/undeletable.ts';
import { until } from '../support/until.ts';

async function assertRefuses(daemon: TestDaemon, why: RegExp): Promise<void> {
  const [path] = makeBackups(daemon.at.backups, 'refused') as [string];
  const { code, status, message } = await daemon.deletion(path);
  assert.deepEqual([code, status], [503, 'Service Unavailable']);
  assert.match(message as string, /^the database does not take the command: /);
  assert.match(message as string, why);
  assert.ok(existsSync(path), 'what is refused is not run');
}

/** Sends deletions until one is accepted, and returns its row when it has ended. */
async function untilServed(daemon: TestDaemon, path: string) {
  return daemon.ended(await daemon.accepted(path));
}

const troubleLogged = (daemon: TestDaemon, why: RegExp) =>
  daemon.logged('the trouble', ({ code, msg, remedy }) => {
    return (
      code === 'DATABASE_TROUBLE' &&
      why.test(msg as string) &&
      /the daemon goes on by itself/.test(remedy as string)
    );
  });
const recoveryLogged = (daemon: TestDaemon) =>
  daemon.logged('its end', ({ msg }) => msg === 'the database takes writes again');

/** Sends deletions of a missing path until one is refused. */
async function untilRefused(daemon: TestDaemon): Promise<void> {
  const refused = async () => (await daemon.deletion(join(daemon.at.backups, 'none'))).code === 503;
  await until('a refusal', refused);
}

test('daemon on a full disk refuses new commands, and keeps the end of a running one to write it later', {
  skip: !canMount && 'mounts a tmpfs',
}, async (t) => {
  const mount = mounter(t);
  const daemon = await startDaemon(t, {
    arrange: ({ database }) => mount(dirname(database), '-t', 'tmpfs', '-o', 'size=2m', 'tmpfs'),
  });
  const held = await holdDeletion(daemon, 'held');
  const ballast = join(dirname(daemon.at.database), 'ballast');
  const { bavail, bsize } = statfsSync(dirname(ballast));
  writeFileSync(ballast, Buffer.alloc(bavail * bsize, 1));
  // The database files still have some free space.
  await untilRefused(daemon);
  await assertRefuses(daemon, /database or disk is full/);
  await troubleLogged(daemon, /disk is full/);
  held.release();
  await until('rm to end', () => !existsSync(held.path));
  assert.equal((await daemon.ask({ cmd: 'x' })).message, 'Invalid command');
  rmSync(ballast);
  assert.equal((await daemon.ended(held.commandId)).status, 'success');
  await recoveryLogged(daemon);
  assert.equal((await untilServed(daemon, held.path)).status, 'success');
});

test('daemon notices that its database was deleted, and creates a new one instead of writing to the old one', async (t) => {
  const daemon = await startDaemon(t);
  const held = await holdDeletion(daemon, 'held');
  for (const suffix of ['', '-wal', '-shm']) rmSync(daemon.at.database + suffix);
  await assertRefuses(daemon, /the database file was deleted/);
  await troubleLogged(daemon, /deleted/);
  held.release();
  await recoveryLogged(daemon);
  // The new database may exist before rm has ended.
  const end = await daemon.ended(held.commandId);
  assert.deepEqual([end.status, end.command], ['success', `/bin/rm -rf ${held.path}`]);
  assert.equal((await untilServed(daemon, held.path)).status, 'success');
});

test('daemon uses another database from the moment that it replaces the old one', async (t) => {
  const daemon = await startDaemon(t);
  await daemon.carryOut('delete_directory', { path: join(daemon.at.backups, 'b1') });
  const other = new Database(join(daemon.at.folder, 'lib', 'other.sqlite3'));
  other.exec(`CREATE TABLE process (id INTEGER PRIMARY KEY AUTOINCREMENT, command_id TEXT NOT NULL,
    command TEXT NOT NULL, pid INTEGER, status TEXT NOT NULL, output TEXT, error TEXT, return_code INTEGER,
    start_time DATETIME NOT NULL, end_time DATETIME, type TEXT NOT NULL, args TEXT NOT NULL)`);
  other.close();
  for (const suffix of ['-wal', '-shm']) rmSync(daemon.at.database + suffix);
  renameSync(join(daemon.at.folder, 'lib', 'other.sqlite3'), daemon.at.database);
  const row = await untilServed(daemon, join(daemon.at.backups, 'b2'));
  assert.deepEqual(
    daemon.rows().map(({ command_id }) => command_id),
    [row.command_id],
  );
});

test('daemon refuses commands with the reason until it can write to the database', async (t) => {
  const daemon = await startDaemon(t);
  const { database } = daemon.at;
  await daemon.carryOut('delete_directory', { path: join(daemon.at.backups, 'b1') });
  copyFileSync(database, `${database}.copy`);
  for (const suffix of ['', '-wal', '-shm']) rmSync(database + suffix);
  renameSync(`${database}.copy`, database);
  const release = makeUndeletable(t, database);
  await untilRefused(daemon);
  await assertRefuses(daemon, /readonly database|unable to open|operation not permitted/);
  release();
  assert.equal((await untilServed(daemon, join(daemon.at.backups, 'b2'))).status, 'success');
  await recoveryLogged(daemon);
});

test('daemon loses no accepted command while a table is missing, and writes it when the table is back', async (t) => {
  const daemon = await startDaemon(t);
  const held = await holdDeletion(daemon, 'held');
  const putBack = setAside(t, daemon, 'cmd_transition');
  await assertRefuses(daemon, /no such table: .*cmd_transition/);
  held.release();
  await troubleLogged(daemon, /no such table/);
  putBack();
  assert.equal((await daemon.ended(held.commandId)).status, 'success');
  await recoveryLogged(daemon);
});

test('write lock that is held for 10 s under load delays no client for long, and nothing is recorded meanwhile', async (t) => {
  const daemon = await startDaemon(t);
  const other = new Database(daemon.at.database);
  t.after(() => other.close());
  other.exec('BEGIN IMMEDIATE');
  const release = Date.now() + 10_000;
  let refused = 0;
  let waited = 0;
  const taken: string[] = [];
  const client = async (number: number): Promise<void> => {
    for (let round = 0; Date.now() < release; round++) {
      const path = join(daemon.at.backups, `b${number}-${round}`);
      mkdirSync(path);
      const { code, id } = await ask(daemon.at.socket, { cmd: 'delete_directory', args: { path } });
      if (code === 202) taken.push(id as string);
      else {
        waited++;
        assert.equal(code, 503);
        assert.ok(existsSync(path));
      }
    }
  };
  const reader = async (): Promise<void> => {
    while (Date.now() < release) {
      assert.equal((await daemon.ask({ cmd: 'x' })).code, 400);
      refused++;
    }
  };
  const done = Promise.all([...Array.from({ length: 8 }, (_, number) => client(number)), reader()]);
  await until('10 s to be over', () => Date.now() >= release);
  other.exec('COMMIT');
  await done;
  // Each command waits 4 s for the lock: there are at least two rounds of 503, while the reader never waits.
  assert.ok(waited >= 8, `${waited} were refused`);
  assert.ok(refused > 100, `${refused} were answered meanwhile`);
  const rows = await daemon.settled();
  assert.deepEqual(rows.map(({ command_id }) => command_id).sort(), taken.sort());
  assert.ok(rows.every(({ status }) => status === 'success'));
});
