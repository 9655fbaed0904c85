import assert from 'node:assert/strict';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type AnyStateMachine, createActor, fromCallback, setup } from 'xstate';
import { connections } from '../../src/actors/connections.ts';
import type {
  ActorFailed,
  Answer,
  ConnectionEnded,
  Listener,
  ProcessQueued,
  ProcessRequested,
} from '../../src/actors/messages.ts';
import { processes } from '../../src/actors/processes.ts';
import { WHITELIST } from '../../src/commands/whitelist.ts';
import type { Transition } from '../../src/io/records.ts';
import type { Store } from '../../src/io/store.ts';
import { connectionMachine } from '../../src/machines/connection.ts';
import { converse, hear } from '../support/client.ts';
import { testFolder } from '../support/folder.ts';
import { failOnWarnings } from '../support/no-warnings.ts';
import { PLAN } from '../support/process.ts';
import { until } from '../support/until.ts';

failOnWarnings();

const SETTINGS = { projectName: 'dbcalm', cronFile: '/c/dbcalm', deletionRoots: ['/r'], ownFiles: [] };

/** An actor that keeps what it hears. */
function ear<E extends { type: string }>() {
  const heard: E[] = [];
  const actor = createActor(fromCallback<E>(({ receive }) => receive((event) => heard.push(event)))).start();
  return { heard, actor: actor as unknown as Listener<E> };
}

/** Real sockets, real connection machines, and the supervisor; processes answer as `answer` says. */
async function connectionsServer(
  t: TestContext,
  options: { logic?: AnyStateMachine; maxConnections?: number } = {},
) {
  const path = join(testFolder(t), 's');
  const observer = ear<ConnectionEnded | ActorFailed>();
  const all = fromCallback<ProcessRequested>(({ receive }) =>
    receive(({ client }) => client.send({ type: 'process.recorded', commandId: 'u' })),
  );
  const processesActor = createActor(all).start() as unknown as Listener<ProcessRequested>;
  const inputs: string[] = [];
  const actor = createActor(connections, {
    input: {
      logic: options.logic ?? connectionMachine,
      maxConnections: options.maxConnections ?? 64,
      observer: () => observer.actor,
      inputFor: (socket: Socket) => {
        inputs.push('');
        const whitelist = WHITELIST;
        return {
          id: 'c',
          socket,
          now: () => new Date(),
          whitelist,
          settings: SETTINGS,
          processes: processesActor,
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

test('50,000 connections leave nothing behind', { timeout: 300_000 }, async (t) => {
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
  await serve(45_000);
  const grown = (await heap()) - before;
  // One actor of 300 bytes a connection, the least that XState keeps of an id, would be 13 MB.
  assert.ok(grown < 4_000_000, `grown by ${grown} bytes`);
});

test('beyond the bound a client waits for its turn, and none is dropped', async (t) => {
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

test('who waits for a turn while the daemon drains is told of it when it comes', async (t) => {
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

test('a connection whose actor fails gets a 500, and takes nobody with it', async (t) => {
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
  assert.match(JSON.parse((await converse(server.path, '{]}')).text).message, /Invalid JSON/);
});

/** The supervisor of processes with stand-ins that do what the test tells them. */
function processSupervisor(options: { maxRunning?: number; maxPending?: number } = {}) {
  const started: { slot: string; send: (event: { type: string }) => void; admitted: boolean }[] = [];
  const ended: Transition[] = [];
  const stand = setup({
    types: { input: {} as { slot: string; supervisor: Listener<ProcessQueued> } },
  }).createMachine({
    context: ({ input, self }) => {
      const entry = { slot: input.slot, send: (event: never) => self.send(event), admitted: false };
      started.push(entry as never);
      return { ...input, entry, processId: 5, commandId: 'u', plan: PLAN } as never;
    },
    initial: 'waiting',
    states: {
      waiting: {
        on: {
          queue: {
            actions: ({ context }) => {
              const { supervisor, slot } = context as never as {
                supervisor: Listener<ProcessQueued>;
                slot: string;
              };
              supervisor.send({ type: 'process.queued', slot, touches: [`/r/${slot}`] });
            },
          },
          'process.admitted': {
            actions: ({ context }) => {
              (context as never as { entry: { admitted: boolean } }).entry.admitted = true;
            },
          },
          end: 'ended',
          crash: {
            actions: () => {
              throw new Error('boom');
            },
          },
        },
      },
      ended: { type: 'final' },
    },
  });
  const observer = ear<never>();
  const drained = ear<{ type: string }>();
  const actor = createActor(processes, {
    parent: drained.actor,
    input: {
      logic: stand as unknown as AnyStateMachine,
      maxRunning: options.maxRunning ?? 2,
      maxPending: options.maxPending ?? 10,
      observer: () => observer.actor as never,
      now: () => new Date(0),
      store: {
        end: async (transition: Transition) => {
          ended.push(transition);
        },
      } as unknown as Store,
      inputFor: ({ slot, supervisor }: { slot: string; supervisor: unknown }) => ({ slot, supervisor }),
    },
  } as never);
  actor.start();
  const client = ear<Answer>();
  const request = () =>
    actor.send({
      type: 'process.requested',
      plan: PLAN,
      request: '{}',
      at: new Date(0),
      connectionId: 'c',
      client: client.actor,
    });
  return {
    actor,
    started,
    ended,
    observer,
    client,
    drained,
    request,
    settle: () => new Promise((r) => setTimeout(r, 0)),
  };
}

test('full is a 503 at once, and a place that becomes free is given away', () => {
  const supervisor = processSupervisor({ maxPending: 2 });
  for (let i = 0; i < 3; i++) supervisor.request();
  assert.equal(supervisor.started.length, 2);
  const [answer] = supervisor.client.heard;
  assert.ok(answer?.type === 'process.refused');
  assert.deepEqual([answer.refusal.code, answer.refusal.message], [503, 'too many commands are waiting']);
  supervisor.started[0]?.send({ type: 'end' });
  supervisor.request();
  assert.equal(supervisor.started.length, 3);
  assert.equal(supervisor.started[2]?.slot, supervisor.started[0]?.slot, 'ids are used again');
});

test('one that fails has its end on record, and its place goes to the next', async () => {
  const supervisor = processSupervisor({ maxRunning: 1 });
  supervisor.request();
  supervisor.request();
  for (const { send } of supervisor.started) send({ type: 'queue' });
  await until('the first', () => supervisor.started[0]?.admitted);
  assert.equal(supervisor.started[1]?.admitted, false);
  supervisor.started[0]?.send({ type: 'crash' });
  await until('the second', () => supervisor.started[1]?.admitted);
  assert.deepEqual(
    supervisor.ended.map(({ processId, to, event }) => [processId, to, event]),
    [[5, 'failed', 'actor.failed']],
  );
  assert.equal((supervisor.observer.heard[0] as unknown as { type: string }).type, 'actor.failed');
});

test('draining refuses what is new and tells when the last has ended', () => {
  const supervisor = processSupervisor();
  supervisor.request();
  supervisor.actor.send({ type: 'supervisor.drain' });
  supervisor.request();
  const [answer] = supervisor.client.heard;
  assert.ok(answer?.type === 'process.refused');
  assert.equal(answer.refusal.message, 'the daemon is shutting down');
  assert.deepEqual(supervisor.drained.heard, []);
  supervisor.started[0]?.send({ type: 'end' });
  assert.deepEqual(
    supervisor.drained.heard.map(({ type }) => type),
    ['processes.drained'],
  );
});
