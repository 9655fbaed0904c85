import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import Database from 'better-sqlite3';
import { identityOf, type ProcessIdentity } from '../../src/io/process-identity.ts';
import { changes, snapshotOf } from '../fuzz/snapshot.ts';
import { type Layout, startDaemon, type TestDaemon } from '../support/daemon.ts';
import { makeBackups } from '../support/folder.ts';

const SCHEDULES = [{ id: 666, backup_type: 'full', frequency: 'hourly', enabled: true, minute: 1 }];
const UPDATE = { cmd: 'update_cron_schedules', args: { schedules: SCHEDULES } };

interface Forged {
  readonly id: string;
  readonly state: 'pending' | 'running';
  readonly connectionId: string;
  readonly request: object;
  readonly child?: ProcessIdentity;
}

/** Writes commands without an end into the daemon's record, as if it had accepted them. */
function forge({ database: path }: Layout, commands: readonly Forged[]): void {
  const database = new Database(path);
  const process = database.prepare(
    `INSERT INTO process (command_id, command, pid, status, start_time, type, args)
     VALUES (@id, '/bin/true', 0, 'running', '2026-11-24 02:20:54.788000', 'forged', '{}')`,
  );
  const unsettled = database.prepare(
    `INSERT INTO cmd_unsettled (process_id, command_id, connection_id, peer, request, accepted_at, state, pid, pid_start, boot_id)
     VALUES (@process_id, @id, @connectionId, '{}', @request, @at, @state, @pid, @start, @bootId)`,
  );
  for (const { id, state, connectionId, request, child } of commands) {
    unsettled.run({
      process_id: process.run({ id }).lastInsertRowid,
      id,
      state,
      connectionId,
      request: JSON.stringify(request),
      at: new Date().toISOString(),
      ...(child ?? { pid: null, start: null, bootId: null }),
    });
  }
  database.close();
}

/** A daemon that was stopped, and how the next one is started that finds what was forged meanwhile. */
async function between(t: TestContext, config: Record<string, unknown> = {}) {
  const first = await startDaemon(t, { config });
  await first.carryOut('update_cron_schedules', { schedules: [] });
  await first.stop();
  const { at } = first;
  const restart = () => startDaemon(t, { folder: at.folder, config });
  return { at, restart };
}

const rowOf = (daemon: TestDaemon, id: string) => daemon.rows().find(({ command_id }) => command_id === id);

test('a recorded id that is no id removes, stages and replaces nothing, wherever it leads', async (t) => {
  const { at, restart } = await between(t);
  const [victim, lair] = [join(at.folder, 'victim'), join(at.folder, 'lair')];
  writeFileSync(victim, 'mine');
  mkdirSync(lair);
  const cron = readFileSync(at.cronFile, 'utf8');
  forge(at, [
    { id: 'removes', state: 'running', connectionId: 'x/../../victim', request: UPDATE },
    { id: 'stages', state: 'pending', connectionId: 'x/../../lair/staged', request: UPDATE },
  ]);
  const surroundings = () => [victim, lair, dirname(at.cronFile)].map((path) => snapshotOf(path));
  const before = surroundings();
  const daemon = await restart();
  await daemon.settled();
  for (const [index, now] of surroundings().entries())
    assert.deepEqual(changes(before[index] as typeof now, now), []);
  assert.equal(readFileSync(at.cronFile, 'utf8'), cron);
  for (const id of ['removes', 'stages']) {
    assert.equal(rowOf(daemon, id)?.status, 'failed');
    assert.match(rowOf(daemon, id)?.error as string, /which is no id\. What to do: /);
  }
});

test('a recorded process that is not a child of the command holds up no slot and no shutdown', async (t) => {
  const { at, restart } = await between(t, { max_running: 2 });
  const request = { cmd: 'delete_directory', args: { path: join(at.backups, 'b0') } };
  makeBackups(at.backups, 'b0');
  const strangers = [1, process.pid, 1].map((pid) => identityOf(pid) as ProcessIdentity);
  const forged = strangers.map((child, index) => ({
    id: `forged-${index}`,
    state: 'running' as const,
    connectionId: 'x',
    request: index === 2 ? UPDATE : request,
    child,
  }));
  forge(at, forged);
  const daemon = await restart();
  const [path] = makeBackups(at.backups, 'b1') as [string];
  assert.equal((await daemon.carryOut('delete_directory', { path })).status, 'success');
  for (const { id } of forged) {
    assert.equal((await daemon.ended(id)).status, 'failed');
    assert.match(rowOf(daemon, id)?.error as string, /^interrupted by a restart of the daemon: /);
  }
  assert.equal((await daemon.stop()).code, 0);
});
