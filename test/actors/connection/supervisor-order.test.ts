import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { type AnyActorRef, type AnyStateMachine, createActor, setup } from 'xstate';
import { type Client, connections } from '../../../src/actors/connection/supervisor.ts';
import type { ClientRefused, ConnectionsDrained } from '../../../src/actors/messages.ts';
import { pooled } from '../../../src/actors/shared/actor-pool.ts';
import type { Peer } from '../../../src/io/socket/peer.ts';
import { budgetOf } from '../../support/budget.ts';
import { ear } from '../../support/ear.ts';
import { failOnWarnings } from '../../support/no-warnings.ts';

failOnWarnings();

/** The supervisor by itself, with connections that the test controls and sockets that keep what is written to them.
 * All calls are synchronous. */
function supervisor(t: TestContext, maxConnections = 2, connectionsPerUser = 10_000) {
  const told: string[] = [];
  const connection = setup({ types: { context: {} as Client, input: {} as Client } }).createMachine({
    context: ({ input }) => input,
    initial: 'in',
    on: {
      'daemon.draining': { actions: () => void told.push('connection: daemon.draining') },
      end: '.ended',
      fail: {
        actions: () => {
          throw new Error('of the test');
        },
      },
    },
    states: { in: {}, ended: { type: 'final' } },
    output: {},
  });
  const observer = ear();
  const door = {
    allowedUids: undefined,
    allowedGids: undefined,
    requestsPerSecond: 1_000_000,
    maxConnections,
    connectionsPerUser,
    accounts: { isMember: () => false },
  };
  const parent = setup({
    types: { events: {} as ConnectionsDrained },
    actors: { connections },
  }).createMachine({
    invoke: {
      id: 'connections',
      src: 'connections',
      input: {
        logic: connection as unknown as AnyStateMachine,
        door,
        budget: budgetOf(),
        observer: () => observer.actor,
        peerOf: (): Peer => ({ known: true, pid: 1, uid: 1000, gid: 1000 }),
        inputFor: (client: Client) => client,
      },
    },
    on: { '*': { actions: ({ event }) => void told.push(event.type) } },
  });
  const actor = createActor(parent).start();
  t.after(() => actor.stop());
  const ref = actor.getSnapshot().children.connections as AnyActorRef;
  const open = () => {
    const written: string[] = [];
    const write = (piece: Buffer, _: unknown, done: () => void) => {
      written.push(String(piece));
      done();
    };
    const socket = new Duplex({ read: () => {}, write });
    ref.send({ type: 'connection.opened', socket: socket as Socket });
    return { socket, written };
  };
  return {
    open,
    drain: () => ref.send({ type: 'supervisor.drain' }),
    inside: () => [...pooled(ref)],
    heard: () => observer.heard.map(({ type }) => type),
    refusals: () =>
      observer.heard.flatMap((event) =>
        event.type === 'client.refused' ? [(event as ClientRefused).refusal.code] : [],
      ),
    news: () => told.splice(0),
  };
}

test('`connections` bounds the open connections, and reports each that ends', (t) => {
  const { open, inside, heard } = supervisor(t);
  for (let client = 0; client < 3; client++) open();
  assert.equal(inside().length, 2);
  inside()[0]?.send({ type: 'end' });
  assert.equal(inside().length, 2);
  assert.deepEqual(heard(), ['connection.ended']);
});

test('`connections` bounds the connections of one user, and admits the next when one ends', (t) => {
  const { open, inside } = supervisor(t, 10, 1);
  for (let client = 0; client < 3; client++) open();
  const [first] = inside();
  assert.equal(inside().length, 1);
  first?.send({ type: 'end' });
  const [second, ...more] = inside();
  assert.ok(second && second !== first);
  assert.deepEqual(more, []);
});

test('`connections` tells present and new clients that the daemon drains, and reports the last end to both listeners', (t) => {
  const { open, inside, drain, heard, news } = supervisor(t);
  open();
  drain();
  assert.deepEqual(news(), ['connection: daemon.draining']);
  open();
  assert.deepEqual(news(), ['connection: daemon.draining']);
  for (const actor of inside()) actor.send({ type: 'end' });
  assert.deepEqual(heard(), ['connection.ended', 'connection.ended', 'connections.drained']);
  assert.deepEqual(news(), ['connections.drained']);
});

test('`connections` without a client is drained at once', (t) => {
  const { drain, heard, news } = supervisor(t);
  drain();
  assert.deepEqual([heard(), news()], [['connections.drained'], ['connections.drained']]);
});

test('`connections` answers 500 for a failed actor, removes its listeners and frees its place', (t) => {
  const { open, inside, heard, refusals } = supervisor(t, 1);
  const { socket, written } = open();
  socket.on('data', () => {});
  open();
  inside()[0]?.send({ type: 'fail' });
  assert.deepEqual(heard(), ['actor.failed', 'client.refused']);
  assert.deepEqual(refusals(), [500]);
  assert.match(written.join(), /"code":500.*of the test/);
  assert.equal(socket.listenerCount('data'), 0);
  assert.equal(inside().length, 1);
});

test('`connections` answers 503 to a user that has a thousand waiting clients', (t) => {
  const { open, refusals } = supervisor(t, 1);
  for (let client = 0; client < 1 + 1_000; client++) open();
  assert.deepEqual(refusals(), []);
  assert.match(open().written.join(), /"code":503/);
  assert.deepEqual(refusals(), [503]);
});
