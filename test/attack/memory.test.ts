import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { EMPTY } from '../support/callers.ts';
import { converse } from '../support/client.ts';
import { startDaemon } from '../support/daemon.ts';
import { deepCleanup, largeCleanup, manyObjects } from './large-requests.ts';

const CLIENTS = 128;
/** What the daemon's heap may grow to. The unit gives it more. */
const HEAP = { NODE_OPTIONS: '--max-old-space-size=256' };

/** Each kind, and what is answered where there is room. */
const KINDS: readonly (readonly [kind: string, request: (backups: string) => string, code: number])[] = [
  ['cleanups', largeCleanup, 202],
  ['cleanups of as many directories', deepCleanup, 202],
  ['requests that are refused', manyObjects, 400],
];

for (const [kind, request, code] of KINDS) {
  test(`128 clients with ${kind} of 1 MiB do not end a daemon with a heap of 256 MB`, async (t) => {
    const daemon = await startDaemon(t, { env: HEAP, config: { cmd_log_level: 'info' } });
    const text = request(daemon.at.backups);
    const clients = Array.from({ length: CLIENTS }, () => converse(daemon.at.socket, text));
    const replies = (await Promise.all(clients)).map((heard) => JSON.parse(heard.text || '{"code":0}'));
    const counts = Object.groupBy(replies, (reply) => String(reply.code));
    t.diagnostic(JSON.stringify(Object.entries(counts).map(([key, all]) => [key, all?.length])));
    // A busy machine may keep a client from sending on in time, or the disk from being looked at.
    const others = replies.filter((reply) => ![code, 503, 400].includes(reply.code));
    assert.deepEqual(others, []);
    assert.ok(counts[code], 'some find room');
    assert.equal((await daemon.ask(EMPTY)).code, 202);
    assert.equal((await daemon.stop()).code, 0);
  });
}

test('`RequestBudget` has a request without room answered with a 503 that says so, and a small one is served meanwhile', async (t) => {
  const daemon = await startDaemon(t, { config: { cmd_log_level: 'info' } });
  const text = largeCleanup(daemon.at.backups);
  const clients = Array.from({ length: CLIENTS }, () => converse(daemon.at.socket, text));
  const small = await daemon.deletion(join(daemon.at.backups, 'b1'));
  assert.equal(small.code, 202);
  const messages = (await Promise.all(clients)).map((heard) => JSON.parse(heard.text).message);
  assert.ok(messages.includes('cannot take the request: other requests hold the memory that it needs'));
});
