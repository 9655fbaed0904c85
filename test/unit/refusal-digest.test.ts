import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RefusalDigest } from '../../src/actors/refusal-digest.ts';
import type { Peer } from '../../src/io/peer.ts';
import type { SecurityEvent } from '../../src/io/reply.ts';

const peer = (uid: number): Peer => ({ known: true, pid: 1, uid, gid: uid });
const at = (ms: number) => new Date(ms);

/** Of refusals that are known by when they were. */
function digestOf() {
  const digest = new RefusalDigest<number>();
  return {
    repeated: (who: Peer, event: SecurityEvent | undefined, when: Date) =>
      digest.repeated(who, event, when, when.getTime()),
    due: (when: Date, all?: boolean) => digest.due(when, all),
    owes: () => digest.owes,
  };
}

test('each user and each kind is told by itself, and all whom the kernel does not name are one', () => {
  const digest = digestOf();
  const unknown = (why: string): Peer => ({ known: false, why });
  assert.equal(digest.repeated(peer(5), 'peer.refused', at(0)), 0);
  assert.equal(digest.repeated({ ...peer(5), pid: 2 } as Peer, 'peer.refused', at(1)), undefined);
  assert.equal(digest.repeated(peer(5), 'rate.limited', at(1)), 0);
  assert.equal(digest.repeated(peer(6), 'peer.refused', at(1)), 0);
  assert.equal(digest.repeated(unknown('one'), 'peer.refused', at(1)), 0);
  assert.equal(digest.repeated(unknown('two'), 'peer.refused', at(2)), undefined);
  assert.equal(digest.repeated(peer(5), 'peer.refused', at(1_000)), 1);
  assert.equal(digest.repeated(peer(5), 'peer.refused', at(2_000)), 0);
});

test('every refusal of another kind is told', () => {
  const digest = digestOf();
  for (const event of [undefined, 'path.refused', 'symlink.met'] as const) {
    for (let i = 0; i < 3; i++) assert.equal(digest.repeated(peer(5), event, at(0)), 0);
  }
});

test('a clock that was set back silences nobody', () => {
  const digest = digestOf();
  digest.repeated(peer(5), 'rate.limited', at(9_000));
  assert.equal(digest.repeated(peer(5), 'rate.limited', at(1_000)), 0);
});

test('what nothing follows is told when its time is over: the last of them, with the number of those before it', () => {
  const digest = digestOf();
  digest.repeated(peer(5), 'rate.limited', at(0));
  assert.equal(digest.owes(), false);
  for (const time of [100, 200, 300]) digest.repeated(peer(5), 'rate.limited', at(time));
  assert.deepEqual([digest.owes(), digest.due(at(999))], [true, []]);
  assert.deepEqual(digest.due(at(1_000)), [{ refusal: 300, repeated: 2 }]);
  assert.equal(digest.owes(), false);
  assert.equal(digest.repeated(peer(5), 'rate.limited', at(1_999)), undefined, 'one a second still');
  assert.deepEqual(digest.due(at(1_999), true), [{ refusal: 1_999, repeated: 0 }], 'all, whenever it was');
});

test('who is forgotten is told of before', () => {
  const digest = digestOf();
  for (const time of [0, 1]) digest.repeated(peer(0), 'rate.limited', at(time));
  for (let uid = 1; uid <= 1_000; uid++) digest.repeated(peer(uid), 'rate.limited', at(2));
  assert.deepEqual([digest.owes(), digest.due(at(3))], [true, [{ refusal: 1, repeated: 0 }]]);
});

test('what is remembered is bounded', () => {
  const digest = digestOf();
  for (let uid = 0; uid < 1_001; uid++) digest.repeated(peer(uid), 'rate.limited', at(0));
  assert.equal(digest.repeated(peer(1_000), 'rate.limited', at(1)), undefined);
  assert.equal(digest.repeated(peer(0), 'rate.limited', at(1)), 0, 'the first was told longest ago');
});
