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

/** How long (ms) the least patient client, the Python API server, waits for a reply. */
const CLIENT_PATIENCE = 5_000;

test('`FIRST_BYTE_LIMIT` is longer than the 200 ms of the peers, for a client that is slow to begin', () => {
  assert.equal(CONNECTION_LIMITS.FIRST_BYTE_LIMIT, 5_000);
});

test('`SILENCE_LIMIT` is 200 ms, since real clients neither frame nor half-close a request', () => {
  assert.equal(CONNECTION_LIMITS.SILENCE_LIMIT, 200);
});

test('`REQUEST_LIMIT` ends a slow request after 10 s, however steadily its bytes arrive', () => {
  assert.equal(CONNECTION_LIMITS.REQUEST_LIMIT, 10_000);
});

test('`MAX_REQUEST_BYTES` is 1 MiB', () => {
  assert.equal(MAX_REQUEST_BYTES, 1_048_576);
});

test('`MAX_REPLY_BYTES` is the 4,096 bytes that the Go client reads once', () => {
  assert.equal(MAX_REPLY_BYTES, 4096);
});

test('`LOCK_TIMEOUT_MS` is shorter than the patience of the least patient client', () => {
  assert.equal(LOCK_TIMEOUT_MS, 4_000);
  // The rest is for the silence that may end the request, the refusal and the way back.
  assert.ok(LOCK_TIMEOUT_MS + CONNECTION_LIMITS.SILENCE_LIMIT + 500 <= CLIENT_PATIENCE);
});

test('`ACCEPT_LIMIT` lets the store answer first, since its answer says that nothing was recorded', () => {
  assert.ok(CONNECTION_LIMITS.ACCEPT_LIMIT >= 2 * LOCK_TIMEOUT_MS);
});

test('`DAEMON_LIMITS` of draining add up to less than `TimeoutStopSec`', () => {
  const [, seconds] = /^TimeoutStopSec=(\d+)$/m.exec(readFileSync(SERVICE, 'utf8')) as unknown as string[];
  const { RECOVERY_LIMIT: _notOfDraining, ...draining } = DAEMON_LIMITS;
  const steps = Object.values<number>(draining);
  assert.ok(steps.length >= 3, 'clients, children, what is not on disk yet');
  const sum = steps.reduce((total, limit) => total + limit, 0);
  assert.ok(sum < Number(seconds) * 1000, `${sum} ms of ${seconds} s`);
});

test('`CONNECTIONS_LIMIT` lets a request take its full time while the daemon drains', () => {
  assert.ok(DAEMON_LIMITS.CONNECTIONS_LIMIT > CONNECTION_LIMITS.REQUEST_LIMIT);
});

test('`max_output_bytes` is 1 MiB per stream of a child by default', () => {
  assert.equal(DEFAULTS.max_output_bytes, 1_048_576);
});

test('`CHECK_LIMIT` and `LOOK_LIMIT` let a dry run answer before its connection is closed, however slow the disk is', () => {
  assert.ok(CONNECTION_LIMITS.CHECK_LIMIT + LOOK_LIMIT <= ANSWER_LIMIT / 2);
});
