import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { adminSocket, type EventLine, look, lookJson, readEvents } from '../support/admin.ts';
import { startDaemon, type TestDaemon } from '../support/daemon.ts';
import { until } from '../support/until.ts';

const readersOf = async (daemon: TestDaemon) => (await lookJson(daemon, '/state')).body.readers_of_events;

const statesOf = (lines: readonly EventLine[], actor: string) =>
  lines.filter((line) => line.kind === 'state' && line.actor === actor).map(({ state }) => state);

test('/events reports a command from its connection to its end, without the content of the request', async (t) => {
  const daemon = await startDaemon(t);
  const reader = await readEvents(daemon);
  t.after(() => reader.leave());
  const path = join(daemon.at.backups, 'secret-name');
  const { command_id } = await daemon.carryOut('delete_directory', { path });
  const ended = ({ kind, actor }: EventLine) => kind === 'end' && actor === 'process-0';
  await until('the end of the process', () => reader.lines.some(ended));
  const states = statesOf(reader.lines, 'process-0');
  for (const state of [
    'pending.waiting',
    'running.recording',
    'running.executing',
    'settling',
    'succeeded',
  ]) {
    assert.ok(states.includes(state), `${state} in ${states.join(', ')}`);
  }
  assert.ok(statesOf(reader.lines, 'connection-0').includes('validating'));
  const asked = reader.lines.find(({ event }) => event === 'process.requested');
  assert.deepEqual([asked?.actor, asked?.from], ['processes', 'connection-0']);
  assert.ok(reader.lines.some((line) => line.actor === 'runChild' && line.command_id === command_id));
  assert.ok(!reader.text().includes('secret-name'));
});

test('/events filters by actor, with its children, and by command', async (t) => {
  const daemon = await startDaemon(t);
  const connections = await readEvents(daemon, '?actor=connections');
  t.after(() => connections.leave());
  const nothing = await readEvents(daemon, '?command_id=none');
  t.after(() => nothing.leave());
  const held = await daemon.ask({ cmd: 'cleanup_backups', args: { backup_ids: null, folders: null } });
  const mine = await readEvents(daemon, `?command_id=${held.id}`);
  t.after(() => mine.leave());
  await daemon.ended(held.id as string);
  await daemon.carryOut('cleanup_backups', { backup_ids: null, folders: null });
  await until('two connections', () => {
    return (
      connections.lines.filter(({ kind, actor }) => kind === 'end' && actor === 'connection-0').length === 2
    );
  });
  assert.ok(!connections.lines.some(({ actor }) => actor?.startsWith('process')));
  assert.ok(connections.lines.some(({ actor }) => actor === 'readRequest'));
  assert.ok(mine.lines.every(({ command_id }) => command_id === held.id));
  assert.deepEqual(nothing.lines, []);
});

test('/events refuses a ninth reader with 503, and inspection ends with the last reader', async (t) => {
  const daemon = await startDaemon(t);
  const readers = await Promise.all(Array.from({ length: 8 }, () => readEvents(daemon)));
  assert.equal(await readersOf(daemon), 8);
  const { status, text } = await look(adminSocket(daemon), '/events');
  assert.deepEqual([status, JSON.parse(text)], [503, { error: '8 readers are there already' }]);
  for (const reader of readers) reader.leave();
  await until('no reader', async () => (await readersOf(daemon)) === 0);
  await daemon.carryOut('cleanup_backups', { backup_ids: null, folders: null });
});

test('/events does not delay shutdown: a stuck reader ends with the daemon', async (t) => {
  const daemon = await startDaemon(t);
  const reader = await readEvents(daemon);
  reader.stick();
  assert.equal((await daemon.stop()).code, 0);
});
