import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { adminSocket, look, lookJson } from '../support/admin.ts';
import { startDaemon, type TestDaemon } from '../support/daemon.ts';
import { holdDeletion } from '../support/held-deletion.ts';

interface View {
  readonly id: string;
  readonly state: string;
  readonly age_ms?: number;
  readonly last_event?: { readonly type: string; readonly ms_ago: number };
  readonly command_id?: string;
  readonly connection_id?: string;
  readonly type?: string;
  readonly children: readonly View[];
}

interface State {
  readonly daemon: View;
  readonly counters: { readonly accepted: Record<string, number> };
}

const stateOf = async (daemon: TestDaemon) => (await lookJson<State>(daemon, '/state')).body;

const child = (view: View, id: string) => view.children.find((one) => one.id === id) as View;

test('/state shows the actors of an idle daemon', async (t) => {
  const { daemon: root } = await stateOf(await startDaemon(t));
  assert.deepEqual([root.id, root.state], ['daemon', 'serving.open.listening']);
  assert.equal(root.last_event?.type, 'listener.bound');
  assert.ok((root.age_ms as number) > 0);
  const names = ['signals', 'watchdog', 'queueHandler', 'processes', 'connections', 'admin', 'listener'];
  assert.deepEqual(root.children.map(({ id }) => id).sort(), names.sort());
  for (const one of root.children) assert.deepEqual([one.state, one.children], ['active', []]);
});

test('/state shows a running command and a silent client, without the content of the request', async (t) => {
  const daemon = await startDaemon(t);
  const held = await holdDeletion(daemon, 'secret-name');
  const silent = connect(daemon.at.socket);
  t.after(() => silent.destroy());
  let state = await stateOf(daemon);
  while (child(state.daemon, 'connections').children.length === 0) state = await stateOf(daemon);
  const [command] = child(state.daemon, 'processes').children;
  assert.deepEqual(
    [command?.id, command?.state, command?.command_id, command?.type],
    ['process-0', 'running.executing', held.commandId, 'delete_directory'],
  );
  assert.equal(command?.last_event?.type, 'child.spawned');
  assert.deepEqual(
    command?.children.map(({ id }) => id),
    ['runChild'],
  );
  const [client] = child(state.daemon, 'connections').children;
  assert.match(client?.state as string, /^reading\./);
  assert.match(client?.connection_id as string, /^[\w-]{21}$/);
  assert.equal(state.counters.accepted.delete_directory, daemon.rows().length);
  const { text } = await look(adminSocket(daemon), '/state');
  assert.ok(!text.includes('secret-name'));
  held.release();
  await daemon.ended(held.commandId);
});
