import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { AuditRow } from '../../src/io/history/rows.ts';
import { lookJson } from '../support/admin.ts';
import { type Row, startDaemon, type TestDaemon, type TransitionRow } from '../support/daemon.ts';
import { holdDeletion } from '../support/held-deletion.ts';

type Listed = Pick<Row, 'id' | 'command_id' | 'type' | 'command' | 'start_time'> & { readonly state: string };

async function list(daemon: TestDaemon, query = ''): Promise<Listed[]> {
  const { status, body } = await lookJson<{ processes: Listed[] }>(daemon, `/processes${query}`);
  assert.equal(status, 200);
  return body.processes;
}

const idsOf = (listed: readonly Listed[]) => listed.map(({ id }) => id);

test('/processes lists processes, newest first, and filters them by state, type and time', async (t) => {
  const daemon = await startDaemon(t, { env: { TZ: 'America/New_York' } });
  assert.deepEqual(await list(daemon), []);
  await daemon.carryOut('delete_directory', { path: join(daemon.at.backups, `b${'x'.repeat(230)}`) });
  await daemon.carryOut('cleanup_backups', { backup_ids: null, folders: null });
  const held = await holdDeletion(daemon, 'held');
  await daemon.deletion(held.path);
  const listed = await list(daemon);
  // holdDeletion may need more than one deletion.
  const all = [...listed.slice(0, 2), ...listed.slice(-2)];
  const last = listed.length;
  assert.deepEqual(
    all.map(({ id, state, type }) => [id, state, type]),
    [
      [last, 'pending', 'delete_directory'],
      [last - 1, 'running', 'delete_directory'],
      [2, 'succeeded', 'cleanup_backups'],
      [1, 'succeeded', 'delete_directory'],
    ],
  );
  assert.equal(all[3]?.command.length, 200);
  assert.ok(!('output' in (all[0] as object)) && !('args' in (all[0] as object)));
  assert.deepEqual(idsOf(await list(daemon, '?limit=2')), [last, last - 1]);
  assert.deepEqual(idsOf(await list(daemon, '?state=succeeded')).slice(-2), [2, 1]);
  assert.deepEqual(idsOf(await list(daemon, '?state=failed')), []);
  const deletions = await list(daemon, '?type=delete_directory&state=succeeded');
  assert.deepEqual([deletions.length, deletions.at(-1)?.id], [last - 3, 1]);
  const since = all[1]?.start_time as string;
  assert.deepEqual(idsOf(await list(daemon, `?since=${encodeURIComponent(since)}`)), [last, last - 1]);
  const iso = since.slice(0, 23).replace(' ', 'T');
  // A time without a zone is UTC, in each time zone of the daemon.
  for (const zone of ['Z', ''])
    assert.deepEqual(idsOf(await list(daemon, `?since=${iso}${zone}`)), [last, last - 1]);
  held.release();
  await daemon.settled();
});

test('/processes answers 400 to an invalid filter and names the valid values', async (t) => {
  const daemon = await startDaemon(t);
  const refused: [string, RegExp][] = [
    ['limit=0', /^limit must be a whole number from 1 to 1000$/],
    ['limit=1001', /^limit must/],
    ['limit=-1', /^limit must/],
    ['limit=1e3', /^limit must/],
    ['limit=', /^limit must/],
    ['state=success', /^state must be one of pending, running, succeeded, failed$/],
    ['since=yesterday', /^since must be a time/],
    ['since=1', /^since must be a time/],
    ['since=2026-13-01', /^since must be a time/],
    ['page=2', /^unknown parameter "page"$/],
  ];
  for (const [query, why] of refused) {
    const { status, body } = await lookJson(daemon, `/processes?${query}`);
    assert.equal(status, 400, query);
    assert.match(body.error as string, why);
  }
  assert.deepEqual(await list(daemon, `?type=${encodeURIComponent("' OR 1 --")}`), []);
});

test('/processes/{id} answers with the row, the transitions and the audit entries of a command', async (t) => {
  const daemon = await startDaemon(t);
  const row = await daemon.carryOut('delete_directory', { path: join(daemon.at.backups, 'none') });
  const one = (id: string) =>
    lookJson<{
      process: Row;
      state?: string;
      transitions: TransitionRow[];
      audit: AuditRow[];
      error?: string;
    }>(daemon, `/processes/${id}`);
  const { status, body } = await one(row.command_id);
  assert.deepEqual([status, body.process, body.state], [200, row, 'succeeded']);
  assert.deepEqual(
    body.transitions.map(({ to_state, why }) => [to_state, why]),
    [
      ['pending', null],
      ['running', null],
      ['succeeded', 'exit code 0'],
    ],
  );
  assert.deepEqual(
    body.audit.map(({ event, uid, paths }) => [event, uid, paths]),
    ['command.accepted', 'command.ended'].map((event) => [
      event,
      process.getuid?.(),
      [join(daemon.at.backups, 'none')],
    ]),
  );
  const none = await one('79caa8ef-b828-4aa0-a69b-4cd499095eeb');
  assert.deepEqual([none.status, none.body.error], [404, 'the journal knows no command of this id']);
});

test('/processes answers 503 with the reason when the database cannot be read', async (t) => {
  const daemon = await startDaemon(t);
  for (const suffix of ['', '-wal', '-shm']) rmSync(daemon.at.state + suffix);
  for (const path of ['/processes', '/processes/x']) {
    const { status, body } = await lookJson(daemon, path);
    assert.equal(status, 503);
    assert.match(body.error as string, /^the database cannot be read: /);
  }
  assert.equal((await lookJson(daemon, '/healthz')).status, 200);
});
