import assert from 'node:assert/strict';
import { test } from 'node:test';
import { draining, listening, recovering, TERM } from '../../support/daemon-in.ts';
import { failOnWarnings } from '../../support/no-warnings.ts';

failOnWarnings();

test('`daemonMachine` tells systemd when it is ready, when it stops, and its status in between', async () => {
  const daemon = await listening();
  assert.deepEqual(daemon.told, [
    'STATUS=starting',
    'STATUS=recovering what the last daemon left',
    'READY=1 STATUS=listening',
  ]);
  daemon.actor.send(TERM);
  assert.equal(daemon.told.at(-1), 'STOPPING=1 STATUS=draining');
});

test('`daemonMachine` reports a reload from the signal to its end while it listens, and in no other state', async () => {
  const daemon = await listening();
  daemon.actor.send({ type: 'log.reopen' });
  assert.match(daemon.told.at(-1) as string, /^RELOADING=1 MONOTONIC_USEC=\d+$/);
  daemon.actor.send({ type: 'log.reopened' });
  assert.equal(daemon.told.at(-1), 'READY=1 STATUS=listening');
  assert.equal(daemon.did.at(-1), 'reopen');
  for (const other of [await recovering(), await draining()]) {
    const before = other.told.length;
    other.actor.send({ type: 'log.reopen' });
    other.actor.send({ type: 'log.reopened' });
    assert.equal(other.did.at(-1), 'reopen');
    assert.equal(other.told.length, before);
  }
});

test('`daemonMachine` answers the watchdog until it ends', async () => {
  const daemon = await draining();
  daemon.remind();
  assert.equal(daemon.told.at(-1), 'WATCHDOG=1');
  daemon.actor.send(TERM);
  assert.ok(daemon.output());
  const before = daemon.told.length;
  daemon.remind();
  assert.equal(daemon.told.length, before);
});
