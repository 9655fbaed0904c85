import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AnyStateMachine, createActor, setup } from 'xstate';
import type { Answer, Listener, ProcessQueued } from '../../src/actors/messages.ts';
import { processes } from '../../src/actors/processes.ts';
import type { Transition } from '../../src/io/records.ts';
import type { Store } from '../../src/io/store.ts';
import { PEER } from '../support/connection.ts';
import { ear } from '../support/ear.ts';
import { failOnWarnings } from '../support/no-warnings.ts';
import { PLAN } from '../support/process.ts';
import { until } from '../support/until.ts';

failOnWarnings();

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
      peer: PEER,
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
