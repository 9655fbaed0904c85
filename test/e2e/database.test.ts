import assert from 'node:assert/strict';
import { chmodSync, chownSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import { startDaemon } from '../support/daemon.ts';
import { makeServerDatabase, serversPart } from '../support/server-databases.ts';

for (const server of ['Go', 'Python'] as const) {
  test(`daemon works with a database made by the ${server} API server and does not alter it`, async (t) => {
    let before: unknown;
    const daemon = await startDaemon(t, {
      arrange: ({ database }) => {
        makeServerDatabase(database, server);
        before = serversPart(database);
      },
    });
    const row = await daemon.carryOut('delete_directory', { path: join(daemon.at.backups, 'b1') });
    assert.equal(row.status, 'success');
    assert.deepEqual(
      daemon.rows().map(({ command_id }) => command_id),
      ['old-1', 'old-2', row.command_id],
    );
    assert.deepEqual(serversPart(daemon.at.database), before);
  });
}

test('new database has the group of its directory and is writable for it, under any umask', async (t) => {
  const mask = process.umask(0o077);
  t.after(() => process.umask(mask));
  const daemon = await startDaemon(t, {
    arrange: ({ database }) => {
      chmodSync(dirname(database), 0o2770);
      if (process.getuid?.() === 0) chownSync(dirname(database), 0, 12345);
    },
  });
  await daemon.carryOut('delete_directory', { path: join(daemon.at.backups, 'b1') });
  const folder = statSync(dirname(daemon.at.database));
  for (const suffix of ['', '-wal', '-shm']) {
    const { mode, gid } = statSync(daemon.at.database + suffix);
    assert.deepEqual([suffix, mode & 0o777, gid], [suffix, 0o660, folder.gid]);
  }
});

test('row is on disk before the reply: a kill right after the reply loses nothing', async (t) => {
  const daemon = await startDaemon(t);
  const replies = await Promise.all(
    Array.from({ length: 40 }, (_, index) => daemon.deletion(join(daemon.at.backups, `b${index}`))),
  );
  await daemon.stop('SIGKILL');
  const recorded = new Set(daemon.rows().map(({ command_id }) => command_id));
  for (const { id } of replies) assert.ok(recorded.has(id as string));
  for (const { id } of replies) assert.equal(daemon.transitions(id as string)[0]?.to_state, 'pending');
});

test('daemon reads and refuses requests while another process holds the write lock; a command waits for the lock', async (t) => {
  const daemon = await startDaemon(t);
  const other = new Database(daemon.at.database);
  other.exec('BEGIN IMMEDIATE');
  const waiting = daemon.deletion(join(daemon.at.backups, 'b1'));
  assert.equal((await daemon.ask({ cmd: 'x' })).message, 'Invalid command');
  other.exec('COMMIT');
  assert.equal((await waiting).code, 202);

  other.exec('BEGIN IMMEDIATE');
  const refused = await daemon.deletion(join(daemon.at.backups, 'b2'));
  assert.deepEqual([refused.code, refused.status], [503, 'Service Unavailable']);
  assert.match(
    refused.message as string,
    /the database does not take the command: the shared database: database is locked/,
  );
  other.exec('COMMIT');
  other.close();
  assert.equal(daemon.rows().length, 1);
});
