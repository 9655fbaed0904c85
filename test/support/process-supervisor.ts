import assert from 'node:assert/strict';
import { type AnyStateMachine, createActor, sendTo, setup } from 'xstate';
import type { Holding } from '../../src/actors/fairness/request-budget.ts';
import type {
  ActorFailed,
  Answer,
  Listener,
  ProcessReport,
  ProcessTransitioned,
} from '../../src/actors/messages.ts';
import { processes } from '../../src/actors/process/supervisor.ts';
import type { Plan } from '../../src/commands/command.ts';
import { type Peer, userOf } from '../../src/io/socket/peer.ts';
import type { Transition } from '../../src/io/store/records.ts';
import type { Store } from '../../src/io/store/store.ts';
import { budgetOf } from './budget.ts';
import { PEER } from './connection.ts';
import { ear } from './ear.ts';
import { LEFT, PLAN } from './process.ts';

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

/** The supervisor of processes, with stand-ins that the test controls. */
export function processSupervisor(options: { maxRunning?: number; maxPending?: number } = {}) {
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
  const budget = budgetOf();
  const drained = ear<{ type: string }>();
  const actor = createActor(processes, {
    parent: drained.actor,
    input: {
      logic: stand as unknown as AnyStateMachine,
      maxRunning: options.maxRunning ?? 2,
      maxPending: options.maxPending ?? 10,
      budget,
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
  const request = (peer: Peer = PEER, holding: Holding = budget.open(userOf(peer))) =>
    actor.send({
      type: 'process.requested',
      plan: PLAN,
      request: '{}',
      at: new Date(0),
      connectionId: 'c',
      peer,
      holding,
      client: client.actor,
    });
  return {
    actor,
    started,
    ended,
    observer,
    client,
    budget,
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
