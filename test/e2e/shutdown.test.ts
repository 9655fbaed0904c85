import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import { hear } from '../support/client.ts';
import { startDaemon } from '../support/daemon.ts';
import { holdDeletion } from '../support/held-deletion.ts';
import { until } from '../support/until.ts';

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal} stops an idle daemon with exit code 0 and removes its socket`, async (t) => {
    const daemon = await startDaemon(t);
    const { code, stderr } = await daemon.stop(signal);
    assert.equal(code, 0);
    assert.doesNotMatch(stderr, /warn/i);
    assert.ok(!existsSync(daemon.at.socket));
    assert.equal(daemon.logLines().at(-1)?.msg, 'stopped');
  });
}

const PATIENT = join(import.meta.dirname, '..', 'support', 'patient-main.ts');

test('draining answers open requests, waits for children, and accepts no new connection', async (t) => {
  const daemon = await startDaemon(t, { main: PATIENT });
  const slow = await holdDeletion(daemon, 'slow');
  const begun = connect(daemon.at.socket);
  const heard = hear(begun);
  const silent = hear(connect(daemon.at.socket));
  const request = JSON.stringify({ cmd: 'delete_directory', args: { path: join(daemon.at.backups, 'b1') } });
  await new Promise((resolve) => begun.write(request.slice(0, 20), resolve));
  daemon.signal('SIGTERM');
  await until('the socket to go', () => !existsSync(daemon.at.socket));
  begun.write(request.slice(20));

  const { id } = JSON.parse((await heard).text);
  assert.equal((await daemon.ended(id)).status, 'success');
  assert.equal((await silent).text, '');
  const held = daemon.rows().find(({ command_id }) => command_id === slow.commandId);
  assert.equal(held?.status, 'running');
  slow.release();
  assert.equal((await daemon.exited).code, 0);
  assert.ok(daemon.rows().every(({ status }) => status === 'success'));
});

test('second signal ends the daemon at once, and the child runs on', async (t) => {
  const daemon = await startDaemon(t);
  const slow = await holdDeletion(daemon, 'slow');
  daemon.signal('SIGTERM');
  await daemon.logged('the draining', ({ msg }) => msg === 'draining');
  const { code } = await daemon.stop('SIGTERM');
  assert.equal(code, 1);
  const row = daemon.rows().find(({ command_id }) => command_id === slow.commandId);
  assert.equal(row?.status, 'running');
  slow.release();
  await until('the folder to go', () => !existsSync(slow.path));
});

test('restarted daemon serves on the same database and keeps its rows', async (t) => {
  const first = await startDaemon(t);
  const before = await first.carryOut('delete_directory', { path: join(first.at.backups, 'b1') });
  await first.stop();
  const second = await startDaemon(t, { folder: first.at.folder });
  const after = await second.carryOut('delete_directory', { path: join(first.at.backups, 'b2') });
  assert.deepEqual(
    second.rows().map(({ command_id }) => command_id),
    [before.command_id, after.command_id],
  );
});

test('draining answers each client that connected before the signal', async (t) => {
  const daemon = await startDaemon(t);
  const request = JSON.stringify({ cmd: 'delete_directory', args: { path: join(daemon.at.backups, 'b1') } });
  const clients = Array.from({ length: 300 }, () => connect(daemon.at.socket));
  const heard = clients.map(hear);
  await Promise.all(
    clients.map((client) => new Promise<void>((resolve) => client.write(request, () => resolve()))),
  );
  daemon.signal('SIGTERM');
  for (const { text, error } of await Promise.all(heard)) assert.match(text, /"code":(202|503)/, error);
  assert.equal((await daemon.exited).code, 0);
});

test('SIGTERM waits until the journal can record the end of a process', async (t) => {
  const daemon = await startDaemon(t);
  const held = await holdDeletion(daemon, 'held');
  const other = new Database(daemon.at.state);
  t.after(() => other.close());
  other.exec('BEGIN IMMEDIATE');
  held.release();
  await until('rm to end', () => !existsSync(held.path));
  daemon.signal('SIGTERM');
  await daemon.logged('the draining', ({ msg }) => msg === 'draining');
  other.exec('COMMIT');
  assert.equal((await daemon.exited).code, 0);
  assert.equal(daemon.rows().at(-1)?.status, 'success');
});
