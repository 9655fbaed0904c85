import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Refusal } from '../../../src/io/socket/reply.ts';
import { CONNECTION_LIMITS } from '../../../src/machines/connection/context.ts';
import { lonelyConnection } from '../../support/connection.ts';
import { failOnWarnings } from '../../support/no-warnings.ts';

failOnWarnings();

const { SILENCE_LIMIT, ROOM_LIMIT } = CONNECTION_LIMITS;
const GOOD = '{"cmd":"delete_directory","args":{"path":"/r/b1"}}';

test('`connectionMachine` does not time out a request that waits for room, and continues when there is room', () => {
  const client = lonelyConnection();
  client.receives(100);
  client.tell({ type: 'request.waiting' });
  client.clock.increment(SILENCE_LIMIT * 2);
  assert.equal(client.state(), 'reading:waiting');
  client.receives(200);
  assert.equal(client.state(), 'reading:receiving');
  client.tell({ type: 'request.waiting' });
  client.completes(GOOD);
  assert.equal(client.state(), 'permitting');
});

test('`connectionMachine` answers 503 to a request without room in time, and stops waiting', () => {
  const client = lonelyConnection();
  let left = 0;
  client.actor.getSnapshot().context.holding.leave = () => {
    left++;
  };
  client.tell({ type: 'request.waiting' });
  client.clock.increment(ROOM_LIMIT - 1);
  assert.deepEqual([client.state(), left], ['reading:waiting', 0]);
  client.clock.increment(1);
  const message = 'cannot take the request: other requests hold the memory that it needs';
  const reply: Refusal = { code: 503, message, error: 'MEMORY_BUDGET_FULL' };
  assert.deepEqual([client.replies, left], [[{ reply, linger: true }], 1]);
});

test('`connectionMachine` does not keep the parsed form of a refused request, which may be larger than its text', () => {
  const client = lonelyConnection();
  client.completes('{"cmd":"cleanup_backups","args":{"backup_ids":[{}],"folders":["/r/a"]}}');
  const { request, understood } = client.actor.getSnapshot().context;
  assert.equal(request, undefined);
  assert.deepEqual([understood?.cmd, understood?.subject.paths], ['cleanup_backups', ['/r/a']]);
});
