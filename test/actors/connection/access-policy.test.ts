import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Doorkeeper, type DoorRules } from '../../../src/actors/connection/access-policy.ts';
import type { Peer } from '../../../src/io/socket/peer.ts';

const peer = (uid: number, gid = uid): Peer => ({ known: true, pid: 1, uid, gid });
const UNKNOWN: Peer = { known: false, why: 'the connection is closed' };

/** User 7 is listed as a member of group 70. */
const door = (rules: Partial<DoorRules> = {}) =>
  new Doorkeeper({
    allowedUids: undefined,
    allowedGids: undefined,
    requestsPerSecond: 1_000,
    maxConnections: 16,
    connectionsPerUser: 2,
    accounts: { isMember: (uid, gid) => uid === 7 && gid === 70 },
    ...rules,
  });

test('`Doorkeeper` without lists admits every peer that can open the socket', () => {
  for (const anybody of [peer(0), peer(1000), UNKNOWN]) assert.equal(door().objection(anybody), undefined);
});

const admitted: [Partial<DoorRules>, Peer, boolean][] = [
  [{ allowedUids: [0, 5] }, peer(5), true],
  [{ allowedUids: [0, 5] }, peer(6), false],
  [{ allowedUids: [] }, peer(0), false],
  [{ allowedUids: [0] }, UNKNOWN, false],
  [{ allowedGids: [70] }, peer(6, 70), true],
  [{ allowedGids: [70] }, peer(7, 7), true],
  [{ allowedGids: [70] }, peer(8, 8), false],
  [{ allowedGids: [0] }, UNKNOWN, false],
  [{ allowedUids: [5], allowedGids: [70] }, peer(7), true],
];

for (const [rules, who, isAdmitted] of admitted) {
  test(`\`Doorkeeper\` with ${JSON.stringify(rules)}: ${JSON.stringify(who)} is ${isAdmitted ? 'admitted' : 'refused'}`, () => {
    const refusal = door(rules).objection(who);
    if (isAdmitted) assert.equal(refusal, undefined);
    else {
      assert.deepEqual([refusal?.code, refusal?.security], [403, 'peer.refused']);
      assert.match(
        refusal?.message as string,
        /^this peer may not ask: (uid \d+, gid \d+|an unknown peer \()/,
      );
    }
  });
}

test('`Doorkeeper` answers 429 to a user that exceeds its rate limit, and to no other user', () => {
  const keeper = door({ requestsPerSecond: 3 });
  const codes = Array.from({ length: 5 }, () => keeper.objection(peer(5))?.code);
  assert.deepEqual(codes, [undefined, undefined, undefined, 429, 429]);
  assert.equal(keeper.objection(peer(5))?.security, 'rate.limited');
  assert.equal(keeper.objection(peer(6)), undefined);
  assert.equal(keeper.objection(UNKNOWN), undefined);
});

test('`Doorkeeper` applies the rate limit also to a user that is not allowed', () => {
  const keeper = door({ allowedUids: [0], requestsPerSecond: 2 });
  const codes = Array.from({ length: 4 }, () => keeper.objection(peer(5))?.code);
  assert.deepEqual(codes, [403, 403, 429, 429]);
});

test('`Doorkeeper` remembers a bounded number of users', () => {
  const keeper = door({ requestsPerSecond: 1 });
  for (let uid = 0; uid < 1_001; uid++) keeper.objection(peer(uid));
  // The first user has been idle for the longest time.
  assert.equal(keeper.objection(peer(1_000))?.code, 429);
  assert.equal(keeper.objection(peer(0)), undefined);
});

test('`Doorkeeper` bounds the connections of one user', () => {
  const keeper = door();
  for (let i = 0; i < 2; i++) keeper.entered(peer(5));
  assert.deepEqual([keeper.hasRoomFor(peer(5)), keeper.hasRoomFor(peer(6))], [false, true]);
  keeper.left(peer(5));
  assert.equal(keeper.hasRoomFor(peer(5)), true);
});

test('`Doorkeeper` keeps room for a user below its share, whatever two others hold', () => {
  const keeper = door({ maxConnections: 16, connectionsPerUser: 8 });
  const enterAll = (uid: number) => {
    let entered = 0;
    for (; keeper.hasRoomFor(peer(uid)); entered++) keeper.entered(peer(uid));
    return entered;
  };
  assert.deepEqual([enterAll(5), enterAll(6), enterAll(7)], [8, 6, 2]);
  keeper.left(peer(5));
  assert.equal(keeper.hasRoomFor(peer(8)), true);
});
