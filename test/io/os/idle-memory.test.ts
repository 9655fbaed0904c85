import assert from 'node:assert/strict';
import { Session } from 'node:inspector/promises';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { IdleMemory } from '../../../src/io/os/idle-memory.ts';

const MEBIBYTE = 1024 * 1024;

test('`IdleMemory` collects garbage ten seconds after the last work, and again only if memory has grown', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let resident = 100 * MEBIBYTE;
  t.mock.method(process.memoryUsage, 'rss', () => resident);
  const post = t.mock.method(Session.prototype, 'post');
  const collections = async () => {
    for (let turns = 0; turns < 50; turns++) await turn();
    return post.mock.callCount();
  };
  const complaints: unknown[] = [];
  const memory = new IdleMemory((error) => complaints.push(error));

  t.mock.timers.tick(9_999);
  memory.worked();
  t.mock.timers.tick(9_999);
  assert.equal(await collections(), 0, 'not so soon after work');
  t.mock.timers.tick(1);
  assert.equal(await collections(), 1);
  assert.deepEqual(post.mock.calls[0]?.arguments, ['HeapProfiler.collectGarbage']);

  resident += 3 * MEBIBYTE;
  memory.worked();
  t.mock.timers.tick(10_000);
  assert.equal(await collections(), 1, 'so little is not worth it');

  resident += 2 * MEBIBYTE;
  memory.worked();
  t.mock.timers.tick(10_000);
  assert.equal(await collections(), 2);
  assert.deepEqual(complaints, []);
});
