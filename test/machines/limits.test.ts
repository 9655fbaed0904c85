import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { LOOK_LIMIT } from '../../src/actors/admin/dry-runs.ts';
import { MAX_REQUEST_BYTES } from '../../src/actors/connection/read-request.ts';
import { ANSWER_LIMIT } from '../../src/io/admin/server.ts';
import { DEFAULTS } from '../../src/io/config/schema.ts';
import { MAX_REPLY_BYTES } from '../../src/io/socket/reply.ts';
import { LOCK_TIMEOUT_MS } from '../../src/io/store/store.ts';
import { CONNECTION_LIMITS } from '../../src/machines/connection/context.ts';
import { DAEMON_LIMITS } from '../../src/machines/daemon/setup.ts';

const SERVICE = join(import.meta.dirname, '..', '..', 'systemd', 'dbcalm-cmd.service');

/** How long (ms) the shortest of the real clients, the Python API server, waits for a reply. */
const CLIENT_PATIENCE = 5_000;

test('a client that is slow to begin is not cut off: longer than the 200 ms of the peers', () => {
  assert.equal(CONNECTION_LIMITS.FIRST_BYTE_LIMIT, 5_000);
});

test('a request ends 200 ms after its last byte, since the real clients neither frame nor half-close', () => {
  assert.equal(CONNECTION_LIMITS.SILENCE_LIMIT, 200);
});

test('a request that trickles is over after 10 s, however steadily its bytes come', () => {
  assert.equal(CONNECTION_LIMITS.REQUEST_LIMIT, 10_000);
});

test('a request has at most 1 MiB', () => {
  assert.equal(MAX_REQUEST_BYTES, 1_048_576);
});

test('a reply has at most the 4,096 bytes that the Go client reads, once', () => {
  assert.equal(MAX_REPLY_BYTES, 4096);
});

test('a command waits for a lock less long than the most impatient client waits for its reply', () => {
  assert.equal(LOCK_TIMEOUT_MS, 4_000);
  // What is left is for the silence that may end the request, the refusal and its way back.
  assert.ok(LOCK_TIMEOUT_MS + CONNECTION_LIMITS.SILENCE_LIMIT + 500 <= CLIENT_PATIENCE);
});

test("the connection does not give up before the store's own answer, which says that nothing was recorded", () => {
  assert.ok(CONNECTION_LIMITS.ACCEPT_LIMIT >= 2 * LOCK_TIMEOUT_MS);
});

test('all steps of draining together end before systemd kills what is left', () => {
  const [, seconds] = /^TimeoutStopSec=(\d+)$/m.exec(readFileSync(SERVICE, 'utf8')) as unknown as string[];
  const { RECOVERY_LIMIT: _notOfDraining, ...draining } = DAEMON_LIMITS;
  const steps = Object.values<number>(draining);
  assert.ok(steps.length >= 3, 'clients, children, what is not on disk yet');
  const sum = steps.reduce((total, limit) => total + limit, 0);
  assert.ok(sum < Number(seconds) * 1000, `${sum} ms of ${seconds} s`);
});

test('draining waits for a client as long as its request may take', () => {
  assert.ok(DAEMON_LIMITS.CONNECTIONS_LIMIT > CONNECTION_LIMITS.REQUEST_LIMIT);
});

test('of each stream of a child 1 MiB is kept, unless the config says otherwise', () => {
  assert.equal(DEFAULTS.max_output_bytes, 1_048_576);
});

test('a dry run has its answer before its connection is given up, however slow the disk is', () => {
  assert.ok(CONNECTION_LIMITS.CHECK_LIMIT + LOOK_LIMIT <= ANSWER_LIMIT / 2);
});
