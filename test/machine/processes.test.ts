import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AnyStateMachine, createActor, sendTo, setup } from 'xstate';
import type {
  ActorFailed,
  Answer,
  Listener,
  ProcessReport,
  ProcessTransitioned,
} from '../../src/actors/messages.ts';
import { forecastOf, processes } from '../../src/actors/processes.ts';
import type { Plan } from '../../src/commands/command.ts';
import type { Transition } from '../../src/io/records.ts';
import type { Store } from '../../src/io/store.ts';
import { PEER } from '../support/connection.ts';
import { ear } from '../support/ear.ts';
import { failOnWarnings } from '../support/no-warnings.ts';
import { LEFT, PLAN } from '../support/process.ts';
import { until } from '../support/until.ts';

failOnWarnings();

interface Stand {
  readonly slot: string;
  readonly send: (event: { type: string }) => void;
  admitted: boolean;
}

interface StandContext {
  readonly slot: string;
  readonly supervisor: Listener<ProcessReport>;
  readonly entry: Stand;
  readonly processId: number;
  readonly commandId: string;
  readonly plan: Plan;
}

/** The supervisor of processes with stand-ins that do what the test tells them. */
function processSupervisor(options: { maxRunning?: number; maxPending?: number } = {}) {
  const started: Stand[] = [];
  const ended: Transition[] = [];
  const report = (type: ProcessReport['type']) =>
    sendTo(
      ({ context }: { context: StandContext }) => context.supervisor,
      ({ context: { slot } }: { context: StandContext }) =>
        ({ type, slot, touches: [`/r/${slot}`] }) as ProcessReport,
    );
  const stand = setup({
    types: { input: {} as Pick<StandContext, 'slot' | 'supervisor'>, context: {} as StandContext },
    guards: { isAdmitted: ({ context }) => context.entry.admitted },
  }).createMachine({
    context: ({ input, self }) => {
      const entry = {
        slot: input.slot,
        send: (event: { type: string }) => self.send(event),
        admitted: false,
      };
      started.push(entry);
      const row = { processId: 5, commandId: 'u', connectionId: 'c', peer: PEER, plan: PLAN };
      const times = { acceptedAt: new Date(-7), startedAt: new Date(-3) };
      return { ...input, entry, ...row, ...times };
    },
    initial: 'recording',
    states: {
      recording: { on: { queue: { target: 'waiting', actions: report('process.queued') } } },
      waiting: {
        on: {
          'process.admitted': {
            actions: ({ context }) => {
              context.entry.admitted = true;
            },
          },
          begin: { actions: report('process.begun') },
          yield: { actions: report('process.yielded') },
          'daemon.draining': [{ guard: 'isAdmitted' }, { target: 'ended' }],
        },
      },
      ended: { type: 'final' },
    },
    on: {
      end: '.ended',
      crash: {
        actions: () => {
          throw new Error('boom');
        },
      },
    },
  });
  const observer = ear<ProcessTransitioned | ActorFailed>();
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
          await new Promise(setImmediate);
          assert.equal(observer.heard.length, 1, 'no end is told before it is on disk');
          ended.push(transition);
        },
        trust: async () => {},
      } as unknown as Store,
      inputFor: ({ slot, supervisor }: { slot: string; supervisor: unknown }) => ({ slot, supervisor }),
    },
  } as never);
  actor.start();
  const client = ear<Answer>();
  const request = (text = '{}') =>
    actor.send({
      type: 'process.requested',
      plan: PLAN,
      request: text,
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
    recover: (...tries: number[]) =>
      actor.send({
        type: 'processes.recover',
        unsettled: tries.map((count, index) => ({ ...LEFT, processId: index + 1, tries: count })),
      }),
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
  await until('its end', () => supervisor.observer.heard[1]);
  assert.deepEqual(
    supervisor.ended.map(({ processId, to, event }) => [processId, to, event]),
    [[5, 'failed', 'actor.failed']],
  );
  const [first, second] = supervisor.observer.heard;
  assert.equal(first?.type, 'actor.failed');
  assert.ok(second?.type === 'process.transitioned', 'its end is told like that of any other');
  assert.deepEqual([second.transition, second.outcome?.code], [supervisor.ended[0], -1]);
  assert.deepEqual(second.accepted.touches, PLAN.touches);
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

test('what runs is not counted as waiting', async () => {
  const supervisor = processSupervisor({ maxRunning: 1, maxPending: 1 });
  supervisor.request();
  supervisor.started[0]?.send({ type: 'queue' });
  await until('the first', () => supervisor.started[0]?.admitted);
  supervisor.request();
  supervisor.request();
  assert.equal(supervisor.started.length, 2);
  assert.equal(supervisor.client.heard[0]?.type, 'process.refused');
});

test('one that has only its end to write gives its place away, once, and does not count as waiting', async () => {
  const supervisor = processSupervisor({ maxRunning: 1, maxPending: 1 });
  const queue = () => {
    supervisor.request();
    supervisor.started.at(-1)?.send({ type: 'queue' });
  };
  queue();
  await until('the first', () => supervisor.started[0]?.admitted);
  queue();
  supervisor.started[0]?.send({ type: 'yield' });
  await until('the second', () => supervisor.started[1]?.admitted);
  queue();
  assert.equal(supervisor.started.length, 3, 'the second runs, so that one may wait');
  supervisor.started[0]?.send({ type: 'end' });
  await supervisor.settle();
  assert.equal(supervisor.started[2]?.admitted, false);
  supervisor.started[1]?.send({ type: 'end' });
  await until('the third', () => supervisor.started[2]?.admitted);
});

test('what would become of a command is told, and nothing comes of it', async () => {
  const supervisor = processSupervisor({ maxRunning: 1, maxPending: 1 });
  const foresee = (path: string, bytes = 2) => {
    const forecast = forecastOf(supervisor.actor, [path], bytes);
    return 'refusal' in forecast ? [forecast.refusal.code, forecast.refusal.message] : forecast.outlook;
  };
  const places = { maxRunning: 1 };
  assert.deepEqual(foresee('/r/a'), { atOnce: true, behind: [], running: 0, ...places });
  supervisor.request();
  assert.deepEqual(foresee('/r/a'), [503, 'too many commands are waiting']);
  supervisor.started[0]?.send({ type: 'queue' });
  await until('the first', () => supervisor.started[0]?.admitted);
  assert.deepEqual(foresee('/r/a'), { atOnce: false, behind: [], running: 1, ...places });
  assert.deepEqual(foresee('/r/process-0/b'), { atOnce: false, behind: ['u'], running: 1, ...places });
  assert.deepEqual(foresee('/r/a', 64 * 1_048_576), [503, 'too many commands are waiting']);
  assert.equal(supervisor.started.length, 1);
  supervisor.actor.send({ type: 'supervisor.drain' });
  assert.deepEqual(foresee('/r/a'), [503, 'the daemon is shutting down']);
  assert.deepEqual(supervisor.client.heard, []);
});

test('few commands that are very large are too many, too', () => {
  const supervisor = processSupervisor({ maxPending: 1_000 });
  const large = 'x'.repeat(1_048_576);
  for (let i = 0; i < 65; i++) supervisor.request(large);
  assert.equal(supervisor.started.length, 64);
  supervisor.request('{}');
  assert.equal(supervisor.started.length, 64);
  supervisor.started[0]?.send({ type: 'end' });
  supervisor.request(large);
  assert.equal(supervisor.started.length, 65);
});

test('what is recorded while the daemon drains begins where there is room, and else is left', async () => {
  const supervisor = processSupervisor({ maxRunning: 1 });
  for (let i = 0; i < 3; i++) supervisor.request();
  supervisor.started[0]?.send({ type: 'queue' });
  await until('the first', () => supervisor.started[0]?.admitted);
  supervisor.actor.send({ type: 'supervisor.drain' });
  supervisor.started[1]?.send({ type: 'queue' });
  supervisor.started[0]?.send({ type: 'end' });
  supervisor.started[2]?.send({ type: 'queue' });
  assert.deepEqual(
    supervisor.started.map(({ admitted }) => admitted),
    [true, false, true],
  );
  assert.equal(supervisor.drained.heard.length, 0);
  supervisor.started[2]?.send({ type: 'end' });
  assert.deepEqual(
    supervisor.drained.heard.map(({ type }) => type),
    ['processes.drained'],
  );
});

test('after a daemon that died of it each is waited for until it has begun; what has to wait for others is not', async () => {
  const supervisor = processSupervisor({ maxRunning: 1 });
  supervisor.recover(1, 0, 0);
  const { started, drained } = supervisor;
  assert.equal(started.length, 1);
  started[0]?.send({ type: 'queue' });
  await until('the first', () => started[0]?.admitted);
  assert.equal(started.length, 1, 'it is admitted, and has not begun');
  started[0]?.send({ type: 'begin' });
  assert.equal(started.length, 2);
  started[1]?.send({ type: 'queue' });
  assert.equal(started.length, 3, 'the only place is taken: nobody waits for the second');
  assert.equal(drained.heard.length, 0);
  started[2]?.send({ type: 'queue' });
  assert.deepEqual(
    drained.heard.map(({ type }) => type),
    ['processes.recovered'],
  );
});

test('one that is overtaken while it waits to be admitted is not waited for', async () => {
  const supervisor = processSupervisor({ maxRunning: 1 });
  supervisor.recover(1, 0, 0);
  const { started, drained } = supervisor;
  started[0]?.send({ type: 'queue' });
  await until('the first', () => started[0]?.admitted);
  started[0]?.send({ type: 'begin' });
  started[1]?.send({ type: 'queue' });
  // The first ends while the third is on its way: the second takes the place before it.
  started[0]?.send({ type: 'end' });
  started[2]?.send({ type: 'queue' });
  await until('the end of the recovery', () =>
    drained.heard.some(({ type }) => type === 'processes.recovered'),
  );
});
