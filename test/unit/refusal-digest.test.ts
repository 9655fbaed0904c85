import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RefusalDigest } from '../../src/actors/refusal-digest.ts';
import type { Peer } from '../../src/io/peer.ts';

const peer = (uid: number): Peer => ({ known: true, pid: 1, uid, gid: uid });
const at = (ms: number) => new Date(ms);

test('each user and each kind is told by itself, and all whom the kernel does not name are one', () => {
  const digest = new RefusalDigest();
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
  const digest = new RefusalDigest();
  for (const event of [undefined, 'path.refused', 'symlink.met'] as const) {
    for (let i = 0; i < 3; i++) assert.equal(digest.repeated(peer(5), event, at(0)), 0);
  }
});

test('a clock that was set back silences nobody', () => {
  const digest = new RefusalDigest();
  digest.repeated(peer(5), 'rate.limited', at(9_000));
  assert.equal(digest.repeated(peer(5), 'rate.limited', at(1_000)), 0);
});

test('what is remembered is bounded', () => {
  const digest = new RefusalDigest();
  for (let uid = 0; uid < 1_001; uid++) digest.repeated(peer(uid), 'rate.limited', at(0));
  assert.equal(digest.repeated(peer(1_000), 'rate.limited', at(1)), undefined);
  assert.equal(digest.repeated(peer(0), 'rate.limited', at(1)), 0, 'the first was told longest ago');
});
