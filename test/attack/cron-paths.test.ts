import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import Database from 'better-sqlite3';
import { identityOf, type ProcessIdentity } from '../../src/io/child/identity.ts';
import { changes, snapshotOf } from '../fuzz/snapshot.ts';
import { type Layout, startDaemon, type TestDaemon } from '../support/daemon.ts';
import { makeBackups } from '../support/folder.ts';
import { until } from '../support/until.ts';

const SCHEDULES = [{ id: 666, backup_type: 'full', frequency: 'hourly', enabled: true, minute: 1 }];
const UPDATE = { cmd: 'update_cron_schedules', args: { schedules: SCHEDULES } };

interface Forged {
  readonly id: string;
  readonly state: 'pending' | 'running';
  readonly connectionId: string;
  readonly request: object;
  readonly child?: ProcessIdentity;
}

const UNSETTLED = `CREATE TABLE IF NOT EXISTS cmd_unsettled (
  process_id INTEGER PRIMARY KEY, command_id TEXT NOT NULL, connection_id TEXT NOT NULL, peer TEXT NOT NULL,
  request TEXT NOT NULL, accepted_at TEXT NOT NULL, state TEXT NOT NULL, tries INTEGER NOT NULL DEFAULT 0,
  pid INTEGER, pid_start TEXT, boot_id TEXT)`;

/** Writes commands without an end into the journal, as if the daemon had accepted them. Also writes them into the
 * shared database, where daemons without a journal kept them and where the group can write. */
function forge({ state, database: shared }: Layout, commands: readonly Forged[]): void {
  for (const path of [state, shared]) {
    const database = new Database(path);
    database.exec(UNSETTLED);
    const process = database.prepare(
      `INSERT INTO process (command_id, command, pid, status, start_time, type, args)
       VALUES (@id, '/bin/true', 0, 'running', '2026-11-24 02:20:54.788000', 'forged', '{}')`,
    );
    const unsettled = database.prepare(
      `INSERT INTO cmd_unsettled
         (process_id, command_id, connection_id, peer, request, accepted_at, state, pid, pid_start, boot_id)
       VALUES (@process_id, @id, @connectionId, '{}', @request, @at, @state, @pid, @start, @bootId)`,
    );
    for (const { id, state: left, connectionId, request, child } of commands) {
      unsettled.run({
        process_id: process.run({ id }).lastInsertRowid,
        id,
        state: left,
        connectionId,
        request: JSON.stringify(request),
        at: new Date().toISOString(),
        ...(child ?? { pid: null, start: null, bootId: null }),
      });
    }
    database.close();
  }
}

/** Stops a daemon, and returns how to start the next one on the forged rows. */
async function between(t: TestContext, config: Record<string, unknown> = {}) {
  const first = await startDaemon(t, { config });
  await first.carryOut('update_cron_schedules', { schedules: [] });
  await first.stop();
  const { at } = first;
  const restart = () => startDaemon(t, { folder: at.folder, config });
  return { at, restart };
}

/** Resolves with the last transition of a forged command once the command has ended. */
const endOf = (daemon: TestDaemon, id: string) =>
  until(`the end of ${id}`, () => {
    const last = daemon.transitions(id).at(-1);
    return last && /^(succeeded|failed)$/.test(last.to_state) ? last : undefined;
  });

test('recovery removes and stages nothing for a recorded id that is none, wherever it leads', async (t) => {
  const { at, restart } = await between(t);
  const [victim, lair] = [join(at.folder, 'victim'), join(at.folder, 'lair')];
  writeFileSync(victim, 'mine');
  mkdirSync(lair);
  forge(at, [
    { id: 'removes', state: 'running', connectionId: 'x/../../victim', request: UPDATE },
    { id: 'stages', state: 'pending', connectionId: 'x/../../lair/staged', request: UPDATE },
  ]);
  const surroundings = () => [victim, lair].map((path) => snapshotOf(path));
  const before = surroundings();
  const daemon = await restart();
  const ends = [];
  for (const id of ['removes', 'stages']) ends.push((await endOf(daemon, id)).to_state);
  for (const [index, now] of surroundings().entries())
    assert.deepEqual(changes(before[index] as typeof now, now), []);
  assert.deepEqual(readdirSync(dirname(at.cronFile)), ['dbcalm']);
  // The request itself is one that any client may send; the journal gives it another id.
  assert.deepEqual(ends, ['failed', 'succeeded']);
  assert.match(readFileSync(at.cronFile, 'utf8'), /Schedule ID: 666\n/);
});

test('recovery waits for no recorded process that is not a child of its command: no slot and no shutdown is held up', async (t) => {
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
    const { to_state, why } = await endOf(daemon, id);
    assert.equal(to_state, 'failed');
    assert.match(why as string, /^interrupted by a restart of the daemon: /);
  }
  assert.equal((await daemon.stop()).code, 0);
});
