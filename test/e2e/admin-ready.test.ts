import assert from 'node:assert/strict';
import { renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import { lookJson } from '../support/admin.ts';
import { startDaemon, type TestDaemon } from '../support/daemon.ts';
import { holdDeletion } from '../support/held-deletion.ts';
import { setAside } from '../support/set-aside.ts';
import { until } from '../support/until.ts';

interface Readiness {
  readonly ready: boolean;
  readonly checks: Record<string, { readonly ok: boolean; readonly why?: string }>;
}

/** Returns the status and the reason of each check that fails, by its name. */
async function readiness(daemon: TestDaemon) {
  const { status, body } = await lookJson<Readiness>(daemon, '/readyz');
  assert.equal(body.ready, status === 200);
  const names = ['listening', 'database', 'cron_folder', 'draining', 'logs'];
  assert.deepEqual(Object.keys(body.checks), names);
  const failing = Object.entries(body.checks).filter(([, { ok }]) => !ok);
  return { status, failing: Object.fromEntries(failing.map(([name, { why }]) => [name, why])) };
}

async function untilReady(daemon: TestDaemon): Promise<void> {
  await until('readiness', async () => (await readiness(daemon)).status === 200);
}

const READY = { status: 200, failing: {} };

test('/readyz answers 200 once the daemon listens', async (t) => {
  assert.deepEqual(await readiness(await startDaemon(t)), READY);
});

test('/readyz answers 503 while another process holds the write lock, and 200 afterwards without a command', async (t) => {
  const daemon = await startDaemon(t);
  const other = new Database(daemon.at.database);
  t.after(() => other.close());
  other.exec('BEGIN IMMEDIATE');
  const { status, failing } = await readiness(daemon);
  assert.deepEqual([status, Object.keys(failing)], [503, ['database']]);
  assert.match(failing.database as string, /database is locked/);
  other.exec('COMMIT');
  assert.deepEqual(await readiness(daemon), READY);
});

test('/readyz answers 503 while the database is missing, and does not create it', async (t) => {
  const daemon = await startDaemon(t);
  for (const suffix of ['', '-wal', '-shm']) rmSync(daemon.at.database + suffix);
  const gone = await readiness(daemon);
  assert.equal(gone.status, 503);
  assert.match(gone.failing.database as string, /db\.sqlite3 is not there/);
  assert.deepEqual(await readiness(daemon), gone);
  await daemon.accepted(join(daemon.at.backups, 'none'));
  assert.deepEqual(await readiness(daemon), READY);
});

test('/readyz answers 503 while a table is missing that a process needs', async (t) => {
  const daemon = await startDaemon(t);
  const held = await holdDeletion(daemon, 'held');
  const putBack = setAside(t, daemon, 'cmd_transition');
  held.release();
  await daemon.logged('the trouble', ({ code }) => code === 'DATABASE_TROUBLE');
  const { status, failing } = await readiness(daemon);
  assert.equal(status, 503);
  assert.match(failing.database as string, /no such table/);
  putBack();
  await untilReady(daemon);
});

test('/readyz answers 503 without the directory of the cron file', async (t) => {
  const daemon = await startDaemon(t);
  const folder = dirname(daemon.at.cronFile);
  renameSync(folder, `${folder}.aside`);
  const { status, failing } = await readiness(daemon);
  assert.deepEqual([status, Object.keys(failing)], [503, ['cron_folder']]);
  assert.match(failing.cron_folder as string, /ENOENT/);
  renameSync(`${folder}.aside`, folder);
  assert.deepEqual(await readiness(daemon), READY);
});

test('/readyz answers 503 while the daemon drains, and /healthz still answers 200', async (t) => {
  const daemon = await startDaemon(t);
  const held = await holdDeletion(daemon, 'held');
  daemon.signal('SIGTERM');
  await daemon.logged('the signal', ({ msg }) => msg === 'draining');
  const { status, failing } = await readiness(daemon);
  assert.equal(status, 503);
  assert.equal(failing.draining, 'the daemon is shutting down');
  assert.match(failing.listening as string, /^the daemon is in serving\./);
  assert.equal((await lookJson(daemon, '/healthz')).status, 200);
  held.release();
  assert.equal((await daemon.exited).code, 0);
});
