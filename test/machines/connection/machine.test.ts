import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refuse } from '../../../src/io/socket/reply.ts';
import { CONNECTION_LIMITS } from '../../../src/machines/connection/context.ts';
import { lonelyConnection } from '../../support/connection.ts';
import { failOnWarnings } from '../../support/no-warnings.ts';

failOnWarnings();

const {
  FIRST_BYTE_LIMIT,
  SILENCE_LIMIT,
  REQUEST_LIMIT,
  LAST_LOOK,
  CHECK_LIMIT,
  ACCEPT_LIMIT,
  REPLY_LIMIT,
  LINGER_LIMIT,
} = CONNECTION_LIMITS;
const GOOD = '{"cmd":"delete_directory","args":{"path":"/r/b1"}}';

test('`connectionMachine`: reading → parsing → validating → permitting → accepting → replying → closed', async () => {
  const client = lonelyConnection();
  assert.equal(client.state(), 'reading:silent');
  client.receives(5);
  assert.equal(client.state(), 'reading:receiving');
  client.completes(GOOD);
  assert.equal(client.state(), 'permitting');
  assert.equal(client.requests.length, 0);
  await client.permits();
  assert.equal(client.state(), 'accepting');
  assert.equal(client.requests[0]?.plan.command, '/bin/rm -rf /r/b1');
  assert.equal(client.requests[0]?.connectionId, 'c1');
  assert.deepEqual(client.replies, [], 'nothing leaves before the word that the row is on disk');
  client.actor.send({ type: 'process.recorded', commandId: 'u' });
  assert.deepEqual(client.replies, [{ reply: { code: 202, id: 'u' }, linger: false }]);
  client.wrote.resolve(true);
  await new Promise(setImmediate);
  assert.equal(client.state(), 'closed');
  assert.equal(client.destroyed(), 1);
  assert.equal(client.actor.getSnapshot().output?.delivered, true);
});

test('`connectionMachine` refuses a peer that is not allowed without reading its request', () => {
  const refusal = refuse(403, 'this peer may not ask', 'peer.refused');
  const stranger = lonelyConnection(refusal);
  assert.equal(stranger.state(), 'replying');
  stranger.completes(GOOD);
  assert.deepEqual(stranger.replies, [{ reply: refusal, linger: true }]);
  assert.deepEqual(stranger.requests, []);
});

test('`connectionMachine` closes a silent connection after the limit for the first byte, without a reply', () => {
  const client = lonelyConnection();
  client.clock.increment(FIRST_BYTE_LIMIT - 1);
  assert.equal(client.state(), 'reading:silent');
  client.clock.increment(1);
  client.clock.increment(LAST_LOOK - 1);
  assert.equal(client.state(), 'reading:doubting');
  client.clock.increment(1);
  assert.equal(client.state(), 'closed');
  assert.deepEqual(client.replies, []);
});

test('`connectionMachine` answers 400 after the silence limit, and not a millisecond earlier', () => {
  const client = lonelyConnection();
  client.receives(1);
  client.clock.increment(SILENCE_LIMIT - 1);
  client.receives(2);
  client.clock.increment(SILENCE_LIMIT - 1);
  assert.equal(client.state(), 'reading:receiving');
  client.clock.increment(1);
  assert.equal(client.state(), 'reading:doubting');
  client.clock.increment(LAST_LOOK);
  assert.equal(client.state(), 'replying');
  assert.equal(client.replies[0]?.reply.code, 400);
  assert.equal(client.replies[0]?.linger, true);
});

test('`connectionMachine` goes on reading if the last read finds a byte that was in the kernel buffer', () => {
  const client = lonelyConnection();
  client.receives(1);
  client.clock.increment(SILENCE_LIMIT);
  client.receives(2);
  client.clock.increment(LAST_LOOK);
  assert.equal(client.state(), 'reading:receiving');
});

test('`connectionMachine` does not extend the limit of the whole request for single bytes', () => {
  const client = lonelyConnection();
  const step = SILENCE_LIMIT / 2;
  for (let at = step, bytes = 1; at < REQUEST_LIMIT; at += step, bytes++) {
    client.clock.increment(step);
    client.receives(bytes);
    assert.equal(client.state(), 'reading:receiving');
  }
  client.clock.increment(step);
  assert.equal(client.state(), 'replying');
});

test('`connectionMachine` of a draining daemon reads a request that has begun, and closes a silent connection early', () => {
  const silent = lonelyConnection();
  silent.actor.send({ type: 'daemon.draining' });
  silent.clock.increment(SILENCE_LIMIT - 1);
  assert.equal(silent.state(), 'reading:hurried');
  silent.clock.increment(1);
  silent.clock.increment(LAST_LOOK);
  assert.equal(silent.state(), 'closed');

  const begun = lonelyConnection();
  begun.receives(1);
  begun.actor.send({ type: 'daemon.draining' });
  begun.completes(GOOD);
  assert.equal(begun.state(), 'permitting');

  const hurried = lonelyConnection();
  hurried.actor.send({ type: 'daemon.draining' });
  hurried.receives(1);
  assert.equal(hurried.state(), 'reading:receiving');
});

test('`connectionMachine` answers 400 to a half-closed incomplete request, and nothing to an empty one', () => {
  const silent = lonelyConnection();
  silent.tell({ type: 'request.halted' });
  assert.equal(silent.state(), 'closed');
  const begun = lonelyConnection();
  begun.receives(3);
  begun.tell({ type: 'request.halted' });
  assert.deepEqual(
    begun.replies.map(({ reply }) => reply),
    [refuse(400, 'Invalid JSON: the request ended after 3 bytes, with 1 bracket open')],
  );
});

test('`connectionMachine` replies at once to an oversized, malformed or invalid request', () => {
  const large = lonelyConnection();
  large.tell({ type: 'request.oversized' });
  assert.deepEqual(large.replies, [{ reply: refuse(400, 'Message too large'), linger: true }]);
  const stray = lonelyConnection();
  stray.tell({ type: 'request.strayed', text: Buffer.from('x'), at: new Date(0) });
  assert.equal(stray.replies[0]?.linger, true);
  const broken = lonelyConnection();
  broken.completes('{]}');
  assert.equal(broken.replies[0]?.reply.code, 400);
  const unknown = lonelyConnection();
  unknown.completes('{"cmd":"x"}');
  assert.deepEqual(unknown.replies, [{ reply: refuse(400, 'Invalid command'), linger: false }]);
  assert.deepEqual(unknown.requests, []);
});

test('`connectionMachine` answers 403 if the path check refuses, 500 if it fails, and 503 if it exceeds its limit', async () => {
  const refusal = refuse(403, 'Cannot delete /r/b1', 'symlink.met');
  const refused = lonelyConnection();
  refused.completes(GOOD);
  await refused.permits(refusal);
  assert.deepEqual(refused.replies, [{ reply: refusal, linger: false }]);
  const broken = lonelyConnection();
  broken.completes(GOOD);
  broken.places.reject(new Error('EIO'));
  await new Promise(setImmediate);
  assert.equal(broken.replies[0]?.reply.code, 500);
  const stuck = lonelyConnection();
  stuck.completes(GOOD);
  stuck.clock.increment(CHECK_LIMIT - 1);
  assert.equal(stuck.state(), 'permitting');
  stuck.clock.increment(1);
  assert.equal(stuck.replies[0]?.reply.code, 503);
  for (const { requests } of [refused, broken, stuck]) assert.deepEqual(requests, []);
});

test('`connectionMachine` passes on a refusal of the process, and answers 503 if no decision arrives', async () => {
  const refused = lonelyConnection();
  refused.completes(GOOD);
  await refused.permits();
  refused.actor.send({ type: 'process.refused', refusal: refuse(503, 'full') });
  assert.deepEqual(refused.replies[0]?.reply, refuse(503, 'full'));
  const waiting = lonelyConnection();
  waiting.completes(GOOD);
  await waiting.permits();
  waiting.clock.increment(ACCEPT_LIMIT - 1);
  assert.equal(waiting.state(), 'accepting');
  waiting.clock.increment(1);
  assert.equal(waiting.replies[0]?.reply.code, 503);
});

test('`connectionMachine` closes in any state when the peer leaves', () => {
  const arrange: ((client: ReturnType<typeof lonelyConnection>) => void)[] = [
    () => {},
    (client) => client.receives(1),
    (client) => client.completes(GOOD),
    (client) => client.completes('{}'),
  ];
  for (const bring of arrange) {
    const client = lonelyConnection();
    bring(client);
    client.tell({ type: 'peer.left' });
    assert.equal(client.state(), 'closed');
    assert.equal(client.destroyed(), 1);
    assert.equal(client.actor.getSnapshot().output?.delivered, false);
  }
});

test('`connectionMachine` gives up a reply at its limit, and ends lingering after an early reply', () => {
  const stuck = lonelyConnection();
  stuck.completes('{}');
  stuck.clock.increment(REPLY_LIMIT - 1);
  assert.equal(stuck.state(), 'replying');
  stuck.clock.increment(1);
  assert.equal(stuck.state(), 'closed');
  assert.equal(stuck.actor.getSnapshot().output?.delivered, false);
  const early = lonelyConnection();
  early.tell({ type: 'request.oversized' });
  early.clock.increment(LINGER_LIMIT);
  assert.equal(early.state(), 'closed');
  assert.equal(early.actor.getSnapshot().output?.delivered, true);
});

test('`connectionMachine` counts an early reply as delivered if the peer then leaves, and an unwritten one as not', () => {
  for (const [bring, delivered] of [
    [(client: ReturnType<typeof lonelyConnection>) => client.tell({ type: 'request.oversized' }), true],
    [(client: ReturnType<typeof lonelyConnection>) => client.completes('{}'), false],
  ] as const) {
    const client = lonelyConnection();
    bring(client);
    assert.equal(client.state(), 'replying');
    client.tell({ type: 'peer.left' });
    assert.equal(client.actor.getSnapshot().output?.delivered, delivered);
  }
});

test('`connectionMachine` closes after a failed write', async () => {
  const client = lonelyConnection();
  client.completes('{}');
  client.wrote.reject(new Error('EPIPE'));
  await new Promise(setImmediate);
  assert.equal(client.state(), 'closed');
});

const understood: [string, string | undefined, readonly string[], number, number | null][] = [
  ['{"cmd":"delete_directory","args":{"path":"/etc"}}', 'delete_directory', ['/etc'], 0, null],
  ['{"cmd":"delete_directory","args":{"path":7}}', 'delete_directory', [], 0, null],
  ['{"cmd":"x","args":{"path":"/a","folders":["/b",1,"/c"]}}', 'x', ['/a', '/b', '/c'], 0, null],
  ['{"cmd":"update_cron_schedules","args":{"schedules":[{},{}]}}', 'update_cron_schedules', [], 0, 2],
  ['{"cmd":7,"args":null}', undefined, [], 0, null],
  ['{"args":"path"}', undefined, [], 0, null],
  ['[]', undefined, [], 0, null],
  ['{"path":', undefined, [], 0, null],
];

for (const [text, cmd, paths, paths_left, schedule_count] of understood) {
  test(`\`connectionMachine\` refuses ${text}, and outputs the parts that it understood`, async () => {
    const client = lonelyConnection();
    client.completes(text);
    assert.equal(client.state(), 'replying');
    client.wrote.resolve(true);
    await new Promise(setImmediate);
    const { output } = client.actor.getSnapshot();
    assert.deepEqual([output?.cmd, output?.completeAt], [cmd, new Date(0)]);
    assert.deepEqual(output?.subject, { paths, paths_left, schedule_count });
  });
}

test('`connectionMachine` outputs the paths of a command that was refused after its plan', async () => {
  const client = lonelyConnection();
  client.completes(GOOD);
  await client.permits(refuse(403, 'no'));
  client.wrote.resolve(true);
  await new Promise(setImmediate);
  assert.deepEqual(client.actor.getSnapshot().output?.subject.paths, ['/r/b1']);
});
