import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { WHITELIST } from '../../src/commands/whitelist.ts';
import { adminSocket, look } from '../support/admin.ts';
import { startDaemon, type TestDaemon } from '../support/daemon.ts';
import { holdDeletion } from '../support/held-deletion.ts';
import { until } from '../support/until.ts';

/** Scrapes `/metrics` and checks its format. `of` returns the value of a series by its name with labels. */
async function scrape(daemon: TestDaemon) {
  const { status, contentType, text } = await look(adminSocket(daemon), '/metrics');
  assert.equal(status, 200);
  assert.match(contentType, /^text\/plain; version=0\.0\.4/);
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  // promtool allows `quantile` labels in summaries only.
  assert.doesNotMatch(text, /quantile=/);
  for (const [, counter] of text.matchAll(/^# TYPE (\w+) counter$/gm))
    assert.match(counter as string, /_total$/);
  for (const line of lines) assert.match(line, /^dbcalm_cmd_[a-z0-9_]+(\{([a-z]+="[^"]*",?)+\})? [\d.e+-]+$/);
  const values = lines.map((line) => [line.slice('dbcalm_cmd_'.length, line.lastIndexOf(' ')), line]);
  return {
    text,
    of: (name: string) => {
      const [, line] = values.find(([found]) => found === name) ?? [];
      return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(' ') + 1));
    },
  };
}

test('/metrics counts accepted, refused and ended commands by command and outcome, and times them', async (t) => {
  const daemon = await startDaemon(t);
  await daemon.carryOut('delete_directory', { path: join(daemon.at.backups, 'none') });
  await daemon.carryOut('cleanup_backups', { backup_ids: null, folders: null });
  await daemon.ask({ cmd: 'delete_directory', args: { path: '/etc' } });
  await daemon.ask({ cmd: 'x"\n{', args: {} });
  await daemon.ask('not JSON');
  const { of, text } = await scrape(daemon);
  assert.equal(of('accepted_total{command="delete_directory"}'), 1);
  assert.equal(of('accepted_total{command="cleanup_backups"}'), 1);
  assert.equal(of('refused_total{command="delete_directory",reason="path.refused"}'), 1);
  assert.equal(of('refused_total{command="unknown",reason="invalid"}'), 2);
  assert.equal(of('processes_total{command="delete_directory",outcome="succeeded"}'), 1);
  assert.equal(of('processes_total{command="delete_directory",outcome="failed"}'), 0);
  const of_deletion = 'command="delete_directory",outcome="succeeded"';
  assert.equal(of(`process_duration_seconds_count{${of_deletion}}`), 1);
  assert.equal(of(`process_duration_seconds_bucket{${of_deletion},le="+Inf"}`), 1);
  // The deletion of a backup tree can take hours.
  assert.equal(of(`process_duration_seconds_bucket{${of_deletion},le="86400"}`), 1);
  assert.equal(of('connections_total'), 5);
  assert.ok((of('commit_duration_seconds_count') as number) >= 4);
  assert.ok((of('commit_duration_seconds_sum') as number) > 0);
  assert.match(text, /^dbcalm_cmd_build_info\{version="[\d.]+",node="24\.[\d.]+"\} 1$/m);
  assert.match(text, /^# TYPE dbcalm_cmd_process_duration_seconds histogram$/m);
});

test('/metrics reads the number of pending and running processes and of connections at each scrape', async (t) => {
  const daemon = await startDaemon(t);
  const now = async () => {
    const { of } = await scrape(daemon);
    return ['processes_pending', 'processes_running', 'connections'].map(of);
  };
  assert.deepEqual(await now(), [0, 0, 0]);
  const held = await holdDeletion(daemon, 'held');
  // The path is the same, so this process waits.
  const { id } = await daemon.deletion(held.path);
  assert.deepEqual(await now(), [1, 1, 0]);
  held.release();
  await daemon.ended(id as string);
});

test('/metrics reports the event loop delay from the second scrape on', async (t) => {
  const daemon = await startDaemon(t);
  const name = 'event_loop_delay_p99_seconds';
  const first = await scrape(daemon);
  assert.ok(!first.text.includes('event_loop_delay'));
  const delay = await until('the delay', async () => (await scrape(daemon)).of(name));
  assert.ok(delay >= 0 && delay < 60, String(delay));
});

test('/metrics has each series with its labels and the value 0 before the first command', async (t) => {
  const daemon = await startDaemon(t);
  const { of, text } = await scrape(daemon);
  for (const { name } of WHITELIST) {
    assert.equal(of(`accepted_total{command="${name}"}`), 0);
    for (const outcome of ['succeeded', 'failed']) {
      assert.equal(of(`processes_total{command="${name}",outcome="${outcome}"}`), 0);
    }
  }
  assert.doesNotMatch(text, /^dbcalm_cmd_(accepted|refused|processes)_total \d/m);
});

test('/metrics reports the same start time at each scrape', async (t) => {
  const daemon = await startDaemon(t);
  const start = async () => (await scrape(daemon)).of('start_time_seconds') as number;
  const first = await start();
  assert.ok(Math.abs(first - Date.now() / 1_000) < 600);
  // A second reading of the clock would differ by less than a second, so whole seconds would hide it.
  assert.ok(!Number.isInteger(first));
  assert.equal(await start(), first);
});

const promtool = '/usr/bin/promtool';

test('promtool accepts the output of /metrics', {
  skip: !existsSync(promtool) && 'promtool is missing',
}, async (t) => {
  const daemon = await startDaemon(t);
  await daemon.carryOut('cleanup_backups', { backup_ids: null, folders: null });
  await daemon.ask('not JSON');
  let { text } = await scrape(daemon);
  while (!text.includes('event_loop_delay')) text = (await scrape(daemon)).text;
  const { status, stdout, stderr } = spawnSync(promtool, ['check', 'metrics'], {
    input: text,
    encoding: 'utf8',
  });
  assert.deepEqual([status, stdout, stderr], [0, '', '']);
});

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

function get(port: number, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const asking = request({ port, path, host: '127.0.0.1' }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0));
    });
    asking.on('error', reject).end();
  });
}

test('metrics_port serves nothing but /metrics on the loopback; the daemon only warns of a port in use', async (t) => {
  const metrics_port = await freePort();
  const daemon = await startDaemon(t, { config: { metrics_port } });
  await until('the port', async () => (await get(metrics_port, '/metrics').catch(() => 0)) === 200);
  for (const path of ['/healthz', '/state', '/events', '/processes']) {
    assert.equal(await get(metrics_port, path), 404);
  }
  const other = await startDaemon(t, { config: { metrics_port } });
  const { msg } = await other.logged('the port', ({ code }) => code === 'ADMIN_UNUSABLE');
  assert.match(msg as string, /EADDRINUSE/);
  assert.equal((await look(adminSocket(other), '/healthz')).status, 200);
  await daemon.stop();
});
