import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { Lobby, type Waiting } from '../../../src/actors/connection/fair-queue.ts';

/** A client of user `uid` whose socket the test ends. */
function client(uid: number | undefined): Waiting & { leave: () => void; destroyed: () => boolean } {
  let destroyed = false;
  const socket = Object.assign(new EventEmitter(), {
    destroy: () => {
      destroyed = true;
    },
  }) as unknown as Socket;
  const peer =
    uid === undefined ? { known: false as const, why: '' } : { known: true as const, pid: 1, uid, gid: 1 };
  return { socket, peer, leave: () => socket.emit('end'), destroyed: () => destroyed };
}

const everybody = () => true;

test('`Lobby` takes turns among users, and keeps the order of each', () => {
  const lobby = new Lobby();
  const [a1, a2, a3, b1, unknown] = [client(1), client(1), client(1), client(2), client(undefined)];
  for (const one of [a1, a2, a3, b1, unknown]) assert.ok(lobby.enter(one));
  const order = Array.from({ length: 5 }, () => lobby.next(everybody));
  assert.deepEqual(order, [a1, b1, unknown, a2, a3]);
  assert.ok(lobby.isEmpty);
  assert.equal(lobby.next(everybody), undefined);
});

test('`Lobby` skips a user for whom there is no room', () => {
  const lobby = new Lobby();
  const [a, b] = [client(1), client(2)];
  lobby.enter(a);
  lobby.enter(b);
  const onlyTwo = (peer: Waiting['peer']) => peer.known && peer.uid === 2;
  assert.equal(lobby.next(onlyTwo), b);
  assert.equal(lobby.next(onlyTwo), undefined);
  assert.equal(lobby.next(everybody), a);
});

test('`Lobby` forgets a client that leaves, and closes its file descriptor', () => {
  const lobby = new Lobby();
  const [gone, stays] = [client(1), client(1)];
  lobby.enter(gone);
  lobby.enter(stays);
  gone.leave();
  assert.ok(gone.destroyed());
  assert.equal(lobby.next(everybody), stays);
  stays.leave();
  assert.ok(!stays.destroyed(), 'once he is in, it is his machine that hears of it');
});

test('`Lobby` bounds the waiting clients of one user', () => {
  const lobby = new Lobby();
  for (let i = 0; i < 1_000; i++) assert.ok(lobby.enter(client(1)));
  assert.ok(!lobby.enter(client(1)));
  assert.ok(lobby.enter(client(2)));
});
