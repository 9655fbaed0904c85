import assert from 'node:assert/strict';
import { test } from 'node:test';
import { subjectOf } from '../../src/io/log/audit.ts';
import { PEER } from '../support/connection.ts';
import { failOnWarnings } from '../support/no-warnings.ts';
import { closed, observer, refused } from '../support/queue-handler.ts';

failOnWarnings();

/** The number of refusals of one kind that are told one by one in one window. */
const TOLD_COUNT = 10;

test('`queueHandler` tells the last refusal that it left out a second later, or when the last client has left', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { actor, entries, lines, hear, passes } = observer();
  const bad = (id: string) => closed({ id, reply: { code: 400, message: 'bad' } });
  const first = Array.from({ length: TOLD_COUNT }, (_, index) => bad(`c${index}`));
  const second = () => {
    passes(1_000);
    t.mock.timers.tick(1_000);
  };
  const told = () => entries.splice(0).map(({ connection_id, repeated }) => [connection_id, repeated]);
  hear(...first, bad('x'), bad('y'), bad('z'));
  assert.deepEqual(
    told(),
    first.map(({ id }) => [id, 0]),
  );
  second();
  assert.deepEqual(told(), [['z', 2]]);
  second();
  second();
  assert.deepEqual(told(), []);
  hear(...first, bad('u'), { type: 'connections.drained' });
  assert.deepEqual(told().at(-1), ['u', 0]);
  hear(...first, bad('v'));
  actor.stop();
  assert.deepEqual(told().at(-1), ['v', 1], 'the last of all that were left out');
  assert.deepEqual(
    lines.filter(({ repeated }) => repeated !== undefined).map(({ connection_id }) => connection_id),
    ['z', 'v'],
  );
});

test('`queueHandler` digests the refusals of each user and kind by themselves', () => {
  const { entries, counters, hear } = observer();
  const other = { ...PEER, uid: 2_000 };
  const many = <T>(one: T): T[] => Array.from({ length: TOLD_COUNT * 2 }, () => one);
  hear(...many(refused(400)), ...many(refused(503, { error: 'QUEUE_FULL' })));
  hear(...many(closed({ peer: other, reply: { code: 403, message: 'no', security: 'path.refused' } })));
  const outcomes = entries.map(({ outcome }) => outcome);
  for (const outcome of ['refused 400', 'refused 503', 'refused 403']) {
    assert.equal(outcomes.filter((one) => one === outcome).length, TOLD_COUNT, outcome);
  }
  assert.deepEqual(counters.replies, { 400: 20, 403: 20, 503: 20 }, 'all are counted');
});

test('`queueHandler` writes a bounded number of bytes about the refusals of one user, however long it goes on', () => {
  const { entries, hear, passes } = observer();
  const subject = subjectOf(Array(100).fill(`/r/${'x'.repeat(70)}`), null);
  const seconds = 60;
  for (let second = 0; second < seconds; second++) {
    for (let time = 0; time < 50; time++) hear(closed({ subject, reply: { code: 403, message: 'no' } }));
    passes(1_000);
  }
  const bytes = entries.reduce((sum, entry) => sum + Buffer.byteLength(JSON.stringify(entry)), 0);
  // Each is in the audit log and in its table. The last one may exceed the bound.
  assert.ok(2 * bytes <= 256 * 1024 + seconds * 8 * 1024 + 32 * 1024, `${bytes} bytes`);
  const all = entries.reduce((sum, { repeated }) => sum + 1 + repeated, 0);
  assert.ok(all > seconds * 50 * 0.8, `${all} are told or counted`);
});

test('`queueHandler` records what is accepted, and of refused requests as many bytes as one user may write', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { exchanges, lines, hear, passes } = observer();
  const text = Buffer.alloc(1_048_576);
  const whole = { text, completeAt: new Date(1) };
  for (let time = 0; time < 10; time++) hear(closed({ ...whole, reply: { code: 400, message: 'bad' } }));
  assert.equal(exchanges.length, 4);
  for (let time = 0; time < 10; time++) hear(closed(whole));
  assert.equal(exchanges.length, 14);
  passes(1_000);
  t.mock.timers.tick(1_000);
  const told = lines.filter(({ msg }) => msg === 'refused requests are left out of the record');
  assert.deepEqual(
    told.map(({ repeated, peer }) => [repeated, peer]),
    [[6, { pid: 1, uid: 1000, gid: 1000 }]],
  );
});
