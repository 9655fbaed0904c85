import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DigestLimits, RefusalDigest } from '../../../src/actors/metrics/refusal-digest.ts';
import type { Peer } from '../../../src/io/socket/peer.ts';

const peer = (uid: number): Peer => ({ known: true, pid: 1, uid, gid: uid });
const ROOMY = { burstBytes: 1_000_000, bytesPerSecond: 1_000 };

/** A digest of refusals that are identified by their time. It tells one per window unless the test says otherwise. */
function digestOf(limits: Partial<DigestLimits> = {}) {
  const digest = new RefusalDigest<number>({ toldCount: 1, ...ROOMY, ...limits });
  return {
    repeated: (who: Peer, kind: string, nowMs: number) => digest.repeated(who, kind, nowMs, nowMs),
    spent: (who: Peer, bytes: number, nowMs: number) => digest.spent(who, bytes, nowMs),
    due: (nowMs: number, all?: boolean) => digest.due(nowMs, all),
    owes: () => digest.owes,
  };
}

test('`RefusalDigest` digests each user and each kind by itself, and takes all unknown peers for one', () => {
  const digest = digestOf();
  const unknown = (why: string): Peer => ({ known: false, why });
  assert.equal(digest.repeated(peer(5), '403 peer.refused', 0), 0);
  assert.equal(digest.repeated({ ...peer(5), pid: 2 } as Peer, '403 peer.refused', 1), undefined);
  assert.equal(digest.repeated(peer(5), '400 invalid', 1), 0);
  assert.equal(digest.repeated(peer(6), '403 peer.refused', 1), 0);
  assert.equal(digest.repeated(unknown('one'), '403 peer.refused', 1), 0);
  assert.equal(digest.repeated(unknown('two'), '403 peer.refused', 2), undefined);
  assert.equal(digest.repeated(peer(5), '403 peer.refused', 1_000), 1);
  assert.equal(digest.repeated(peer(5), '403 peer.refused', 2_000), 0);
});

test('`RefusalDigest` tells the first few of a window and counts the rest, whatever their kind', () => {
  for (const kind of ['400 invalid', '403 path.refused', '403 symlink.met', '503 QUEUE_FULL']) {
    const digest = digestOf({ toldCount: 3 });
    const told = Array.from({ length: 5 }, (_, index) => digest.repeated(peer(5), kind, index));
    assert.deepEqual(told, [0, 0, 0, undefined, undefined], kind);
    assert.equal(digest.repeated(peer(5), kind, 1_000), 2);
  }
});

test('`RefusalDigest` tells the last refusal of a window when the window is over, with the number of those before it', () => {
  const digest = digestOf();
  digest.repeated(peer(5), '429 RATE_LIMITED', 0);
  assert.equal(digest.owes(), false);
  for (const time of [100, 200, 300]) digest.repeated(peer(5), '429 RATE_LIMITED', time);
  assert.deepEqual([digest.owes(), digest.due(999)], [true, []]);
  assert.deepEqual(digest.due(1_000), [{ refusal: 300, repeated: 2 }]);
  assert.equal(digest.owes(), false);
  assert.equal(
    digest.repeated(peer(5), '429 RATE_LIMITED', 1_999),
    undefined,
    'it opened a window of its own',
  );
  assert.deepEqual(digest.due(1_999, true), [{ refusal: 1_999, repeated: 0 }], 'all, whenever it was');
});

test('`RefusalDigest` tells nothing of a user that has used up its bytes until they are paid for, and counts it', () => {
  const digest = digestOf({ toldCount: 10, burstBytes: 500, bytesPerSecond: 100 });
  assert.equal(digest.repeated(peer(5), '400 invalid', 0), 0);
  digest.spent(peer(5), 1_000, 0);
  assert.equal(digest.repeated(peer(5), '400 invalid', 1), undefined);
  assert.equal(digest.repeated(peer(5), '403 path.refused', 1), undefined, 'of no kind');
  assert.equal(digest.repeated(peer(6), '400 invalid', 1), 0, 'another user has its own');
  assert.deepEqual(digest.due(4_900), [], 'half of it is paid for after five seconds');
  assert.equal(digest.repeated(peer(5), '400 invalid', 4_950), undefined);
  const due = digest.due(5_001).concat(digest.due(6_001));
  assert.deepEqual(
    due.sort((one, other) => other.repeated - one.repeated),
    [
      { refusal: 4_950, repeated: 1 },
      { refusal: 1, repeated: 0 },
    ],
  );
});

test('`RefusalDigest` tells what a forgotten user left out, and remembers a bounded number of windows', () => {
  const digest = digestOf();
  for (const time of [0, 1]) digest.repeated(peer(0), '429 RATE_LIMITED', time);
  for (let uid = 1; uid <= 1_000; uid++) digest.repeated(peer(uid), '429 RATE_LIMITED', 2);
  assert.deepEqual([digest.owes(), digest.due(3)], [true, [{ refusal: 1, repeated: 0 }]]);
  assert.equal(digest.repeated(peer(1_000), '429 RATE_LIMITED', 4), undefined);
  assert.equal(digest.repeated(peer(0), '429 RATE_LIMITED', 4), 0, 'the oldest was forgotten');
});
