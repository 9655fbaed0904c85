import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refusedEntry, subjectOf } from '../../../src/io/log/audit.ts';
import { PEER } from '../../support/connection.ts';
import { command, NOON, openedStore, step } from '../../support/real-store.ts';

test('`accept` commits the row, its transition and the data for a restart before it resolves', async (t) => {
  const { store, read } = await openedStore(t);
  assert.equal(await store.accept(command('u')), 1);
  const at = '2026-11-23 12:00:00.007000';
  const { type, command: words, request } = command('u');
  const unknown = { output: null, error: null, return_code: null, end_time: null };
  const row = { command: words, pid: 0, status: 'running', start_time: at, type, args: '{"path":"/r/b1"}' };
  assert.deepEqual(read('SELECT * FROM process'), [{ id: 1, command_id: 'u', ...row, ...unknown }]);
  const ids = { process_id: 1, command_id: 'u' };
  const first = { from_state: null, to_state: 'pending', event: 'process.requested', at, why: null };
  assert.deepEqual(read('SELECT * FROM cmd_transition'), [{ id: 1, ...ids, ...first }]);
  const origin = {
    connection_id: 'c1',
    peer: JSON.stringify(PEER),
    request,
    accepted_at: NOON.toISOString(),
    state: 'pending',
    tries: 0,
  };
  const child = { pid: null, pid_start: null, boot_id: null };
  assert.deepEqual(read('SELECT * FROM cmd_unsettled'), [{ ...ids, ...origin, ...child }]);
});

const ENDS: [number, string, string, string | null, string | null][] = [
  [0, 'out', 'err', 'out\nerr', null],
  [0, '', 'err', 'err', null],
  [0, 'out', '', 'out', null],
  [0, '', '', null, null],
  [1, 'out', 'err', 'out', 'err'],
  [1, '', 'err', null, 'err'],
  [-1, 'out', '', 'out', null],
  [137, '', '', null, null],
];

for (const [code, stdout, stderr, output, error] of ENDS) {
  test(`\`end\` stores exit code ${code} with ${JSON.stringify([stdout, stderr])} as ${JSON.stringify([output, error])}`, async (t) => {
    const { store, read, list, finish } = await openedStore(t);
    const id = await store.accept(command('u'));
    const kept = await store.accept(command('v'));
    await finish(id, 'u', code, stdout, stderr);
    assert.deepEqual(read('SELECT status, output, error, return_code, end_time FROM process WHERE id = 1'), [
      {
        status: code === 0 ? 'success' : 'failed',
        ...{ output, error, return_code: code, end_time: '2026-11-23 12:00:00.007000' },
      },
    ]);
    assert.deepEqual(list('SELECT process_id FROM cmd_unsettled'), [kept]);
  });
}

test('`end` inserts a new row if another command has taken its number, and leaves that row alone', async (t) => {
  const { other, store, list, finish } = await openedStore(t);
  const id = await store.accept(command('u'));
  other.exec("UPDATE process SET command_id = 'another'");
  await finish(id, 'u', 0, '', '');
  assert.deepEqual(list("SELECT command_id || ' ' || status FROM process"), ['another running', 'u success']);
  assert.deepEqual(list('SELECT process_id FROM cmd_transition'), [1, 2]);
});

test('`unsettled` gives the unfinished commands of the last daemon in order, with their states', async (t) => {
  const { store, path, finish } = await openedStore(t);
  for (const id of ['c', 'a', 'b', 'd']) await store.accept(command(id));
  await store.start(step(2, 'a', 'running'));
  const child = { pid: 42, start: '7', bootId: 'boot' };
  await store.spawned(2, 'a', child);
  await finish(3, 'b', 0, '', '');
  store.close();
  const { type, command: words, request } = command('c');
  const rest = { connectionId: 'c1', peer: PEER, request, acceptedAt: NOON, tries: 0, type, command: words };
  const next = await openedStore(t, { path });
  assert.deepEqual(await next.store.unsettled(), [
    { processId: 1, commandId: 'c', state: 'pending', child: undefined, ...rest },
    { processId: 2, commandId: 'a', state: 'running', child, ...rest },
    { processId: 4, commandId: 'd', state: 'pending', child: undefined, ...rest },
  ]);
});

test('`recover` counts a try of its command only, and `trust` and `start` reset the count', async (t) => {
  const { store, attempts, list } = await openedStore(t);
  for (const id of ['a', 'b', 'c']) await store.accept(command(id));
  for (const id of [1, 1, 2, 3]) await store.recover(step(id, ' abc'[id] as string, 'pending'));
  assert.deepEqual(await attempts(), [2, 1, 1]);
  await store.trust([1, 3]);
  assert.deepEqual(await attempts(), [0, 1, 0]);
  await store.recover(step(1, 'a', 'pending'));
  await store.start(step(2, 'b', 'running'));
  assert.deepEqual(await attempts(), [1, 0, 0]);
  assert.equal(
    list("SELECT 1 FROM cmd_transition WHERE event = 'e'").length,
    6,
    'each stands in the history',
  );
});

test('`accept`, `end` and `audit` record each command with its client, and each refusal', async (t) => {
  const { store, read, finish } = await openedStore(t);
  await store.accept(command('u'));
  await finish(1, 'u', 0, '', '');
  const peer = { known: false, why: 'closed' } as const;
  const refusal = { code: 403, message: 'no', security: 'path.refused' } as const;
  const what = { cmd: 'x', subject: subjectOf(['/r/x'], 2), completeAt: new Date(NOON.getTime() - 3) };
  await store.audit(refusedEntry({ at: NOON, connectionId: 'c2', peer, ...what, refusal, repeated: 41 }));
  const at = '2026-11-23 12:00:00.007000';
  const none = {
    command_id: null,
    pid: null,
    uid: null,
    gid: null,
    duration_ms: null,
    reason: null,
    security: null,
  };
  const asked = {
    connection_id: 'c1',
    pid: 1,
    uid: 1000,
    gid: 1000,
    cmd: 'delete_directory',
    paths: '["/r/b1"]',
  };
  const whole = { ...none, at, paths: '[]', paths_left: 0, schedule_count: null, repeated: 0 };
  assert.deepEqual(read('SELECT * FROM cmd_audit'), [
    { ...whole, ...asked, id: 1, command_id: 'u', event: 'command.accepted', outcome: 'accepted' },
    {
      ...whole,
      ...asked,
      id: 2,
      command_id: 'u',
      event: 'command.ended',
      outcome: 'succeeded',
      reason: 'why',
      duration_ms: 0,
    },
    {
      ...whole,
      id: 3,
      event: 'command.refused',
      connection_id: 'c2',
      cmd: 'x',
      paths: '["/r/x"]',
      schedule_count: 2,
      duration_ms: 3,
      outcome: 'refused 403',
      reason: 'no',
      security: 'path.refused',
      repeated: 41,
    },
  ]);
});
