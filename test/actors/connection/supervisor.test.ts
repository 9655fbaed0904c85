import assert from 'node:assert/strict';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type AnyStateMachine, createActor, fromCallback, setup } from 'xstate';
import type { DoorRules } from '../../../src/actors/connection/access-policy.ts';
import { type Client, connections } from '../../../src/actors/connection/supervisor.ts';
import type {
  ActorFailed,
  ClientRefused,
  ConnectionEnded,
  ConnectionsDrained,
  Listener,
  ProcessRequested,
} from '../../../src/actors/messages.ts';
import { WHITELIST } from '../../../src/commands/whitelist.ts';
import type { Peer } from '../../../src/io/socket/peer.ts';
import { connectionMachine } from '../../../src/machines/connection/machine.ts';
import { budgetOf } from '../../support/budget.ts';
import { converse, hear } from '../../support/client.ts';
import { ear } from '../../support/ear.ts';
import { testFolder } from '../../support/folder.ts';
import { failOnWarnings } from '../../support/no-warnings.ts';
import { until } from '../../support/until.ts';

failOnWarnings();

const SETTINGS = {
  projectName: 'dbcalm',
  cronFile: '/c/dbcalm',
  cronLogDirectory: '/l',
  deletionRoots: ['/r'],
  unsafeRoots: [],
  ownFiles: [],
};

/** Real sockets, real connection machines and the supervisor. `processes` answers each request with an id. */
async function connectionsServer(
  t: TestContext,
  options: {
    logic?: AnyStateMachine;
    maxConnections?: number;
    door?: Partial<DoorRules>;
    peerOf?: (socket: Socket) => Peer;
  } = {},
) {
  const path = join(testFolder(t), 's');
  const observer = ear<ConnectionEnded | ConnectionsDrained | ClientRefused | ActorFailed>();
  const all = fromCallback<ProcessRequested>(({ receive }) =>
    receive(({ client }) => client.send({ type: 'process.recorded', commandId: 'u' })),
  );
  const processesActor = createActor(all).start() as unknown as Listener<ProcessRequested>;
  const inputs: string[] = [];
  const actor = createActor(connections, {
    input: {
      logic: options.logic ?? connectionMachine,
      budget: budgetOf(),
      observer: () => observer.actor,
      door: {
        allowedUids: undefined,
        allowedGids: undefined,
        requestsPerSecond: 1_000_000,
        maxConnections: options.maxConnections ?? 64,
        connectionsPerUser: 10_000,
        accounts: { isMember: () => false },
        ...options.door,
      },
      peerOf: options.peerOf ?? (() => ({ known: true, pid: 1, uid: 1000, gid: 1000 })),
      inputFor: (client: Client) => {
        inputs.push('');
        const whitelist = WHITELIST;
        return {
          ...client,
          id: 'c',
          now: () => new Date(),
          whitelist,
          settings: SETTINGS,
          processes: processesActor,
          nextSlice: () => new Promise(setImmediate),
        };
      },
    },
  }).start();
  const server = createServer({ allowHalfOpen: true }, (socket) =>
    actor.send({ type: 'connection.opened', socket }),
  );
  await new Promise<void>((resolve) => server.listen(path, resolve));
  t.after(() => server.close());
  return { path, observer, actor, opened: () => inputs.length };
}

test('20,000 connections leave nothing behind', { timeout: 900_000 }, async (t) => {
  const server = await connectionsServer(t);
  const request = JSON.stringify({ cmd: 'delete_directory', args: { path: '/r/b1' } });
  const serve = async (count: number) => {
    let left = count;
    const client = async () => {
      while (left-- > 0) assert.match((await converse(server.path, request)).text, /202/);
    };
    await Promise.all(Array.from({ length: 32 }, client));
    server.observer.heard.length = 0;
  };
  const heap = async () => {
    await new Promise(setImmediate);
    globalThis.gc?.();
    globalThis.gc?.();
    return process.memoryUsage().heapUsed;
  };
  assert.ok(globalThis.gc, 'needs --expose-gc');
  await serve(5_000);
  const before = await heap();
  await serve(15_000);
  const grown = (await heap()) - before;
  // One actor of 300 bytes a connection, the least that XState keeps of an id, would be 4.5 MB.
  assert.ok(grown < 2_000_000, `grown by ${grown} bytes`);
});

test('`connections` lets a client beyond the limit wait for its turn, and drops none', async (t) => {
  const server = await connectionsServer(t, { maxConnections: 2 });
  const request = JSON.stringify({ cmd: 'delete_directory', args: { path: '/r/b1' } });
  const holding = [connect(server.path), connect(server.path)] as const;
  await until('two to be in', () => server.opened() === 2);
  const waiting = Array.from({ length: 20 }, () => converse(server.path, request));
  const held = hear(holding[0]);
  holding[0].end(request);
  assert.match((await held).text, /202/);
  for (const { text } of await Promise.all(waiting)) assert.match(text, /202/);
  holding[1].destroy();
});

test('one user that holds all its connections does not delay another user', async (t) => {
  let come = 0;
  // The first ten belong to one silent user.
  const peerOf = (): Peer => ({ known: true, pid: 1, uid: come++ < 10 ? 5 : 6, gid: 5 });
  const server = await connectionsServer(t, { maxConnections: 3, door: { connectionsPerUser: 2 }, peerOf });
  const silent = Array.from({ length: 10 }, () => connect(server.path));
  t.after(() => {
    for (const socket of silent) socket.destroy();
  });
  await until('two of him to be in', () => server.opened() === 2 && come === 10);
  const request = JSON.stringify({ cmd: 'delete_directory', args: { path: '/r/b1' } });
  assert.match((await converse(server.path, request)).text, /202/);
  assert.equal(server.opened(), 3, 'the others of his wait on');
});

test('clients that leave before their turn do not delay others', async (t) => {
  const server = await connectionsServer(t, { maxConnections: 1 });
  const first = connect(server.path);
  await until('the first to be in', () => server.opened() === 1);
  const gone = Array.from({ length: 20 }, () => connect(server.path));
  for (const socket of gone) socket.end();
  await Promise.all(gone.map((socket) => new Promise((resolve) => socket.resume().once('close', resolve))));
  first.destroy();
  const request = JSON.stringify({ cmd: 'delete_directory', args: { path: '/r/b1' } });
  assert.match((await converse(server.path, request)).text, /202/);
  assert.equal(server.opened(), 2, 'none of them was let in');
});

test('`connections` tells a waiting client that the daemon drains when its turn comes', async (t) => {
  const told: string[] = [];
  const logic = setup({
    types: { context: {} as { socket: Socket }, input: {} as { socket: Socket } },
  }).createMachine({
    context: ({ input }) => input,
    on: {
      'daemon.draining': {
        target: '.left',
        actions: ({ context }) => {
          told.push('draining');
          context.socket.destroy();
        },
      },
    },
    initial: 'in',
    states: { in: {}, left: { type: 'final' } },
  });
  const server = await connectionsServer(t, {
    maxConnections: 1,
    logic: logic as unknown as AnyStateMachine,
  });
  const clients = [connect(server.path), connect(server.path), connect(server.path)].map(hear);
  await until('the first to be in', () => server.opened() === 1);
  server.actor.send({ type: 'supervisor.drain' });
  await Promise.all(clients);
  assert.deepEqual(told, ['draining', 'draining', 'draining']);
});

test('`connections` answers 500 for a failed actor, without an effect on other connections', async (t) => {
  const broken = connectionMachine.provide({
    actions: {
      plan: () => {
        throw new Error('boom');
      },
    },
  });
  const server = await connectionsServer(t, { logic: broken as unknown as AnyStateMachine });
  for (let i = 0; i < 3; i++) {
    const { text } = await converse(server.path, '{"cmd":"x"}');
    const reply = JSON.parse(text);
    assert.deepEqual([reply.code, reply.status], [500, 'Internal Server Error']);
    assert.match(reply.message, /boom/);
  }
  const counted = server.observer.heard.filter(({ type }) => type === 'client.refused');
  assert.equal(counted.length, 3);
  assert.match(JSON.parse((await converse(server.path, '{]}')).text).message, /Invalid JSON/);
});
