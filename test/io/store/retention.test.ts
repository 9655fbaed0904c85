import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { refusedEntry, subjectOf } from '../../../src/io/log/audit.ts';
import type { Retention } from '../../../src/io/store/records.ts';
import { PEER } from '../../support/connection.ts';
import { command, DAY, NOON, openedStore, step } from '../../support/real-store.ts';

/** Stores three old commands, then opens a new store with its own retention and stores one more. */
async function aged(t: TestContext, retention: Retention) {
  const { store, path } = await openedStore(t);
  for (const days of [30, 10, 5])
    await store.accept(command(`${days} days`, new Date(NOON.getTime() - days * DAY)));
  store.close();
  const { store: next, list } = await openedStore(t, { path, retention });
  await next.accept(command('now'));
  assert.equal(list('SELECT id FROM process').length, 4, 'the table that is shared is never shortened');
  return { store: next, list, kept: () => list('SELECT command_id FROM cmd_transition ORDER BY id') };
}

test('openStore removes transitions that are older than the limit', async (t) => {
  const { kept } = await aged(t, { maxAgeMs: 10 * DAY, maxCount: 1_000 });
  assert.deepEqual(kept(), ['10 days', '5 days', 'now']);
});

test('openStore keeps the newest transitions up to the limit, also while the daemon runs', async (t) => {
  const { kept, store, list } = await aged(t, { maxAgeMs: 1_000 * DAY, maxCount: 2 });
  assert.deepEqual(kept(), ['5 days', 'now']);
  const recoveries = Array.from({ length: 1_000 }, () => store.recover(step(4, 'now', 'pending')));
  await Promise.all(recoveries);
  assert.ok(kept().length <= 2 + 100, 'every hundredth looks for old ones');
  assert.equal(list('SELECT max(id) FROM cmd_transition')[0], 1_004);
  assert.equal(list('SELECT id FROM process').length, 4);
});

const refused = (at: Date) =>
  refusedEntry({
    at,
    connectionId: 'c1',
    peer: PEER,
    cmd: 'x',
    subject: subjectOf([], null),
    completeAt: undefined,
    refusal: { code: 403, message: 'no' },
    repeated: 0,
  });

test('openStore keeps the newest audit entries up to the limit, also if only refusals are written', async (t) => {
  const { store, list } = await openedStore(t, { retention: { maxAgeMs: 1_000 * DAY, maxCount: 10 } });
  await Promise.all(Array.from({ length: 5_000 }, () => store.audit(refused(NOON))));
  assert.ok(list('SELECT id FROM cmd_audit').length <= 10 + 100);
  assert.equal(list('SELECT max(id) FROM cmd_audit')[0], 5_000);
});

test('openStore removes audit entries that are older than the limit', async (t) => {
  const { store, list } = await openedStore(t, { retention: { maxAgeMs: 10 * DAY, maxCount: 1_000 } });
  const old = new Date(NOON.getTime() - 11 * DAY);
  await Promise.all(Array.from({ length: 50 }, () => store.audit(refused(old))));
  await Promise.all(Array.from({ length: 150 }, () => store.audit(refused(NOON))));
  assert.equal(list('SELECT id FROM cmd_audit').length, 150);
});
