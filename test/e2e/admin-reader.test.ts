import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { adminSocket, look, readEvents } from '../support/admin.ts';
import { prepare, startDaemon, type TestDaemon } from '../support/daemon.ts';
import { testFolder } from '../support/folder.ts';
import { launchObserved } from '../support/observed-daemon.ts';
import { until } from '../support/until.ts';

test('/events drops lines for a stuck reader, reports how many, and keeps its memory bounded', async (t) => {
  let kill = async () => {};
  t.after(() => kill());
  const { daemon, look: inside } = await launchObserved(prepare(testFolder(t), { cmd_log_level: 'info' }));
  kill = () => daemon.kill();
  const ask = async (times: number) => {
    const client = async () => {
      for (let i = 0; i < times / 8; i++) assert.equal((await daemon.ask({ cmd: 'x' })).code, 400);
    };
    await Promise.all(Array.from({ length: 8 }, client));
  };
  const quick = await readEvents(daemon);
  const stuck = await readEvents(daemon);
  await ask(200);
  stuck.stick();
  // These requests fill the buffers that the kernel and the daemon keep for the reader.
  await ask(800);
  const before = await inside();
  await ask(1_200);
  const after = await inside();
  assert.ok(after.heapUsed - before.heapUsed < 1_500_000, `${after.heapUsed - before.heapUsed} bytes more`);
  stuck.goOn();
  const lost = await until(
    'what it is told',
    () => stuck.lines.find((line) => line.lost !== undefined)?.lost,
  );
  assert.ok(lost > 5_000, String(lost));
  assert.ok(!quick.lines.some((line) => line.lost !== undefined));
  // The reader is told of each missing line.
  const told = () => stuck.lines.reduce((sum, line) => sum + (line.lost ?? 1), 0);
  await until('all lines', () => told() === quick.lines.length);
  for (const reader of [quick, stuck]) reader.leave();
});

test('inspection without a scrape of /metrics sets no timer', async (t) => {
  let kill = async () => {};
  t.after(() => kill());
  const { daemon, look: inside, lookAtRest } = await launchObserved(prepare(testFolder(t)));
  kill = () => daemon.kill();
  // Waits until the daemon is at rest after its start.
  assert.equal((await lookAtRest()).timers, 0);
  for (const path of ['/healthz', '/readyz', '/state', '/processes']) {
    assert.equal((await look(adminSocket(daemon), path)).status, 200);
  }
  assert.equal((await inside()).timers, 0);
  const reader = await readEvents(daemon);
  assert.equal((await inside()).timers, 0);
  reader.leave();
});

/** Sends four requests and returns the records that are equal for two daemons that got them. */
async function doneBy(daemon: TestDaemon) {
  const { backups } = daemon.at;
  await daemon.carryOut('delete_directory', { path: join(backups, 'b1') });
  await daemon.carryOut('update_cron_schedules', { schedules: [] });
  await daemon.ask({ cmd: 'delete_directory', args: { path: '/etc' } });
  await daemon.carryOut('cleanup_backups', { backup_ids: ['1'], folders: [join(backups, 'b2')] });
  const rows = daemon.rows().map(({ type, status, return_code, output, error }) => {
    return { type, status, return_code, output, error };
  });
  const steps = daemon.query(
    'SELECT process_id, from_state, to_state, event, why FROM cmd_transition ORDER BY id',
  );
  const audit = daemon.query('SELECT event, cmd, outcome FROM cmd_audit ORDER BY id');
  const schema = daemon.query('SELECT name, sql FROM sqlite_schema ORDER BY name');
  return { rows, steps, audit, schema, version: daemon.query('PRAGMA user_version') };
}

test('inspection changes neither rows nor transitions nor audit entries', async (t) => {
  const alone = await startDaemon(t);
  const seen = await startDaemon(t);
  const reader = await readEvents(seen);
  let done = false;
  const looking = (async () => {
    while (!done) {
      for (const path of ['/healthz', '/readyz', '/metrics', '/state', '/processes']) {
        assert.equal((await lookAt(seen, path)).status, 200, path);
      }
    }
  })();
  const [expected, found] = [await doneBy(alone), await doneBy(seen)];
  done = true;
  await looking;
  reader.leave();
  assert.deepEqual(found, expected);
});

const lookAt = (daemon: TestDaemon, path: string) => look(adminSocket(daemon), path);
