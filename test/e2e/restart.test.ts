import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import Database from 'better-sqlite3';
import { startDaemon, type TestDaemon } from '../support/daemon.ts';
import { makeBackups } from '../support/folder.ts';
import { holdDeletion } from '../support/held-deletion.ts';
import { until } from '../support/until.ts';

const FAULTY = join(import.meta.dirname, '..', 'support', 'faulty-main.ts');
const schedules = (id: number) => [
  { id, backup_type: 'full', frequency: 'hourly', enabled: true, minute: 1 },
];

/** Changes the database between two daemons, as if time had passed or another program had written to it. */
function rewrite({ at }: TestDaemon, sql: string): void {
  const database = new Database(at.state);
  database.exec(sql);
  database.close();
}

/** Starts a daemon that runs one process at a time and holds it; deletions of `names` are accepted and wait behind it. */
async function behindAHeldDeletion(t: TestContext, names: readonly string[]) {
  const daemon = await startDaemon(t, { config: { max_running: 1 } });
  const held = await holdDeletion(daemon, 'held');
  const paths = makeBackups(daemon.at.backups, ...names);
  const ids: string[] = [];
  for (const path of paths) ids.push((await daemon.deletion(path)).id as string);
  const restart = (config: Record<string, unknown> = { max_running: 1 }) =>
    startDaemon(t, { folder: daemon.at.folder, config });
  return { daemon, held, paths, ids, restart };
}

const rowOf = (daemon: TestDaemon, id: string) => daemon.rows().find(({ command_id }) => command_id === id);
const stepsOf = (daemon: TestDaemon, id: string) =>
  daemon.transitions(id).map(({ to_state, event }) => `${event} → ${to_state}`);

test('SIGTERM ends a daemon with 200 pending processes at once, and the next daemon runs them in order', async (t) => {
  const names = Array.from({ length: 200 }, (_, index) => `b${index}`);
  const { daemon, held, paths, ids, restart } = await behindAHeldDeletion(t, names);
  daemon.signal('SIGTERM');
  await daemon.logged('the draining', ({ msg }) => msg === 'draining');
  held.release();
  assert.equal((await daemon.exited).code, 0);
  const left = daemon.rows().filter(({ status }) => status === 'running');
  assert.equal(left.length, 200);

  const next = await restart();
  const rows = await next.settled();
  assert.ok(rows.every(({ status }) => status === 'success'));
  // holdDeletion may have needed more than one deletion.
  assert.deepEqual(rows.map(({ command_id }) => command_id).slice(-201), [held.commandId, ...ids]);
  assert.ok(paths.every((path) => !existsSync(path)));
  const started = next.query(
    "SELECT command_id FROM cmd_transition WHERE event = 'process.admitted' ORDER BY id",
  );
  assert.deepEqual(
    started.slice(-201),
    [held.commandId, ...ids].map((command_id) => ({ command_id })),
  );
  assert.deepEqual(stepsOf(next, ids[7] as string), [
    'process.requested → pending',
    'process.recovered → pending',
    'process.admitted → running',
    'child.exited → succeeded',
  ]);
});

test('recovery awaits a child that outlives its daemon, and a process that waits for its path waits on', async (t) => {
  const { daemon, held, restart } = await behindAHeldDeletion(t, []);
  const inside = join(held.path, 'inner');
  const { id: behind } = await daemon.deletion(inside);
  await daemon.kill();
  const next = await restart({});
  const row = () => rowOf(next, held.commandId);
  assert.equal(row()?.status, 'running');
  // A deletion of another path does not wait for the child.
  const [other] = makeBackups(next.at.backups, 'other') as [string];
  await next.carryOut('delete_directory', { path: other });
  assert.equal(rowOf(next, behind as string)?.status, 'running');
  assert.equal(next.transitions(behind as string).at(-1)?.to_state, 'pending');
  held.release();
  await next.settled();
  assert.deepEqual(stepsOf(next, held.commandId).slice(-2), [
    'process.recovered → running',
    'effect.inspected → succeeded',
  ]);
  assert.deepEqual([row()?.status, row()?.return_code], ['success', 0]);
  assert.equal(rowOf(next, behind as string)?.status, 'success');
});

test('recovery marks a process as failed if its child was killed with the daemon halfway', async (t) => {
  const { daemon, held, restart } = await behindAHeldDeletion(t, []);
  await daemon.kill();
  process.kill(held.pid, 'SIGKILL');
  const next = await restart();
  const row = await next.ended(held.commandId);
  assert.deepEqual([row.status, row.return_code], ['failed', -1]);
  assert.match(
    row.error as string,
    /^interrupted by a restart of the daemon: 1 of 1 still there, the first is \/.*held\. What to do: /,
  );
  assert.ok(existsSync(held.path));
});

test('recovery does not run an expired process, but records the reason', async (t) => {
  const { daemon, held, ids, paths, restart } = await behindAHeldDeletion(t, ['old', 'young']);
  await daemon.kill();
  held.release();
  rewrite(
    daemon,
    `UPDATE cmd_unsettled SET accepted_at = '2026-01-01T00:00:00.000Z' WHERE command_id = '${ids[0]}'`,
  );
  const next = await restart();
  await next.settled();
  const [old, young] = ids.map((id) => rowOf(next, id));
  assert.deepEqual([old?.status, young?.status], ['failed', 'success']);
  assert.match(
    old?.error as string,
    /^expired: accepted at 2026-01-01T00:00:00\.000Z, and the limit is 60 minutes\. What to do: /,
  );
  assert.ok(existsSync(paths[0] as string));
  assert.deepEqual(stepsOf(next, ids[0] as string).slice(-2), [
    'process.recovered → pending',
    'process.faulted → failed',
  ]);
});

test('recovery leaves the last of several pending cron updates in place', async (t) => {
  const { daemon, held, restart } = await behindAHeldDeletion(t, []);
  for (const id of [1, 2, 3]) {
    await daemon.ask({ cmd: 'update_cron_schedules', args: { schedules: schedules(id) } });
  }
  await daemon.kill();
  held.release();
  const next = await restart({ max_running: 8 });
  await next.settled();
  assert.match(readFileSync(next.at.cronFile, 'utf8'), /Schedule ID: 3\n/);
});

test('recovery gives up a command that kills each daemon that takes it over, and runs the others', async (t) => {
  const { daemon, held, ids, restart } = await behindAHeldDeletion(t, ['culprit', 'innocent']);
  await daemon.kill();
  held.release();
  await until('rm to end', () => !existsSync(held.path));
  const [culprit, innocent] = ids as [string, string];
  const dying = { main: FAULTY, env: { FAULT: 'start.written kill' } };
  const { folder } = daemon.at;
  for (let dead = 0; dead < 3; dead++) {
    // The daemon may listen before it dies.
    const start = startDaemon(t, { folder, config: { max_running: 1 }, ...dying });
    const { stderr } = await start.then(
      ({ exited }) => exited,
      ({ message }: Error) => ({ stderr: message }),
    );
    assert.match(stderr, /fault met/);
  }
  const next = await restart();
  await next.settled();
  assert.deepEqual(
    [held.commandId, culprit, innocent].map((id) => rowOf(next, id)?.status),
    ['success', 'failed', 'success'],
  );
  assert.match(rowOf(next, culprit)?.error as string, /^given up, since each daemon that took it over died/);
  assert.equal(stepsOf(next, culprit).filter((step) => step.startsWith('process.recovered')).length, 4);
});

test('recovery survives damaged records: the daemon listens, and the other processes end', async (t) => {
  const { daemon, held, ids, restart } = await behindAHeldDeletion(t, ['b1', 'b2', 'b3', 'b4', 'b5', 'b6']);
  await daemon.kill();
  held.release();
  const spoil = [
    "peer = 'x'",
    "peer = 'null'",
    "accepted_at = 'never'",
    "request = x'00ff'",
    "state = 'odd', tries = 'many', pid = 'x', pid_start = 1, boot_id = 2",
  ];
  for (const [index, what] of spoil.entries()) {
    rewrite(daemon, `UPDATE cmd_unsettled SET ${what} WHERE command_id = '${ids[index]}'`);
  }
  const next = await restart();
  await next.settled();
  assert.deepEqual(
    ids.map((id) => rowOf(next, id)?.status),
    ['success', 'success', 'failed', 'failed', 'success', 'success'],
  );
  assert.deepEqual(next.query('SELECT * FROM cmd_unsettled'), []);
});

test('recovery does not run a command that the new config no longer allows', async (t) => {
  const { daemon, held, ids, paths, restart } = await behindAHeldDeletion(t, ['b1']);
  await daemon.kill();
  process.kill(held.pid, 'SIGKILL');
  const elsewhere = join(daemon.at.folder, 'elsewhere');
  mkdirSync(elsewhere);
  const next = await restart({ deletion_roots: [elsewhere] });
  await next.settled();
  assert.ok(existsSync(paths[0] as string));
  assert.match(
    rowOf(next, ids[0] as string)?.error as string,
    /^the config of the restarted daemon does not allow it any more: Cannot delete .*b1: it is not below/,
  );
  assert.match(
    rowOf(next, held.commandId)?.error as string,
    /^interrupted by a restart of the daemon: Cannot/,
  );
});

test('recovery leaves rows of other services and rows without a record as they are', async (t) => {
  const first = await startDaemon(t);
  await first.stop();
  rewrite(
    first,
    `INSERT INTO process (command_id, command, pid, status, start_time, type, args)
     VALUES ('theirs', 'mariabackup', 1, 'running', '2026-01-01 00:00:00.000000', 'backup', '{}')`,
  );
  const before = first.rows();
  const second = await startDaemon(t, { folder: first.at.folder });
  assert.deepEqual(second.rows(), before);
});

test('second daemon on the same database does not take over the processes of the first', async (t) => {
  const { daemon, held, ids } = await behindAHeldDeletion(t, ['b1']);
  const config = { max_running: 1, socket_path: join(daemon.at.folder, 'run', 'other.sock') };
  await assert.rejects(
    startDaemon(t, { folder: daemon.at.folder, config }),
    /another daemon works on the database: .*What to do: stop it first/,
  );
  held.release();
  await daemon.settled();
  assert.deepEqual(stepsOf(daemon, ids[0] as string), [
    'process.requested → pending',
    'process.admitted → running',
    'child.exited → succeeded',
  ]);
});
