import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { EMPTY } from '../support/callers.ts';
import { converse } from '../support/client.ts';
import { startDaemon } from '../support/daemon.ts';
import { deepCleanup, largeCleanup, manyObjects } from './large-requests.ts';

const CLIENTS = 128;
/** The limit of the daemon's heap. The unit sets a higher one. */
const HEAP = { NODE_OPTIONS: '--max-old-space-size=256' };

/** Each kind, and the code of the reply if there is room. */
const KINDS: readonly (readonly [kind: string, request: (backups: string) => string, code: number])[] = [
  ['cleanups', largeCleanup, 202],
  ['cleanups of as many directories', deepCleanup, 202],
  ['requests that are refused', manyObjects, 400],
];

for (const [kind, request, code] of KINDS) {
  test(`dbcalm-cmd with a heap of 256 MB survives 128 clients with ${kind} of 1 MiB`, async (t) => {
    const daemon = await startDaemon(t, { env: HEAP, config: { cmd_log_level: 'info' } });
    const text = request(daemon.at.backups);
    const clients = Array.from({ length: CLIENTS }, () => converse(daemon.at.socket, text));
    const replies = (await Promise.all(clients)).map((heard) => JSON.parse(heard.text || '{"code":0}'));
    const counts = Object.groupBy(replies, (reply) => String(reply.code));
    t.diagnostic(JSON.stringify(Object.entries(counts).map(([key, all]) => [key, all?.length])));
    // On a busy machine a client may be too slow to send, or the check of the disk may take too long.
    const others = replies.filter((reply) => ![code, 503, 400].includes(reply.code));
    assert.deepEqual(others, []);
    assert.ok(counts[code], 'some find room');
    assert.equal((await daemon.ask(EMPTY)).code, 202);
    assert.equal((await daemon.stop()).code, 0);
  });
}

test('`RequestBudget` answers 503 to a request without room, and serves a small one meanwhile', async (t) => {
  const daemon = await startDaemon(t, { config: { cmd_log_level: 'info' } });
  const text = largeCleanup(daemon.at.backups);
  const clients = Array.from({ length: CLIENTS }, () => converse(daemon.at.socket, text));
  const small = await daemon.deletion(join(daemon.at.backups, 'b1'));
  assert.equal(small.code, 202);
  const messages = (await Promise.all(clients)).map((heard) => JSON.parse(heard.text).message);
  assert.ok(messages.includes('cannot take the request: other requests hold the memory that it needs'));
});
