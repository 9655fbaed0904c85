import { assign, sendTo, setup } from 'xstate';
import { finishStep } from '../actors/finish-step.ts';
import type { Answer, ProcessQueued, ProcessTransitioned } from '../actors/messages.ts';
import { type Prepared, prepareStep } from '../actors/prepare-step.ts';
import { recordAccepted, recordEnd, recordStart } from '../actors/record.ts';
import { runChild } from '../actors/run-child.ts';
import { asDaemonError } from '../errors.ts';
import type { ChildEnd, Launch } from '../io/child.ts';
import { refuse } from '../io/reply.ts';
import type { Outcome, Transition } from '../io/store.ts';
import {
  joined,
  NOTHING,
  type ProcessContext,
  type ProcessEvent,
  type ProcessInput,
  step,
} from './process-context.ts';

/** One accepted command, from the promise to keep it to its end. Each transition is committed before anybody hears. */
export const processMachine = setup({
  types: {
    input: {} as ProcessInput,
    context: {} as ProcessContext,
    events: {} as ProcessEvent,
    output: {} as { commandId: string; succeeded: boolean },
  },
  actors: { recordAccepted, recordStart, recordEnd, prepareStep, runChild, finishStep },
  actions: {
    announce: sendTo(
      ({ context }) => context.observer,
      ({ context }): ProcessTransitioned => ({
        type: 'process.transitioned',
        transition: context.last as Transition,
        connectionId: context.connectionId,
        plan: context.plan,
        startedAt: context.startedAt,
        outcome: context.outcome,
      }),
    ),
    queue: sendTo(
      ({ context }) => context.supervisor,
      ({ context }): ProcessQueued => ({
        type: 'process.queued',
        slot: context.slot,
        touches: context.plan.touches,
      }),
    ),
    // A client that has left has no actor any more; the command is carried out all the same.
    answer: ({ context }, params: { answer: Answer }) => {
      if (context.client.getSnapshot().status === 'active') context.client.send(params.answer);
    },
    recordPid: ({ context }, params: { pid: number }) => {
      context.store.spawned(context.processId, params.pid).catch(() => {});
    },
    fail: assign(({ context }, params: { error: unknown }) => {
      const { code, stdout, stderr } = context.end;
      const error = asDaemonError(params.error);
      const text = `${stderr}${error.message}. What to do: ${error.remedy}\n`;
      return {
        end: { code: code === 0 ? -1 : code, stdout, stderr: text },
        next: undefined,
        why: error.message,
      };
    }),
    addEnd: assign(({ context }, params: { end: ChildEnd }) => ({
      end: joined(context.end, params.end, context.maxOutput),
      launch: undefined,
    })),
  },
  guards: {
    hasLaunch: ({ event }) => (event as unknown as { output: Prepared }).output.launch !== undefined,
    hasMore: ({ context }) => context.next !== undefined,
    succeeded: ({ context }) => context.outcome?.code === 0,
  },
}).createMachine({
  id: 'process',
  description: 'One accepted command: recorded, admitted, run as a tracked child, settled.',
  context: ({ input }) => ({
    ...input,
    processId: 0,
    startedAt: input.acceptedAt,
    next: 0,
    launch: undefined,
    end: NOTHING,
    why: undefined,
    last: undefined,
    outcome: undefined,
  }),
  initial: 'pending',
  states: {
    pending: {
      description: 'Not started. The client has its answer once the row is on disk.',
      initial: 'recording',
      states: {
        recording: {
          description: 'The row and the transition to pending are being committed; nobody was told yet.',
          invoke: {
            src: 'recordAccepted',
            input: ({ context: { store, commandId, plan, acceptedAt } }) => ({
              store,
              accepted: {
                commandId,
                type: plan.type,
                command: plan.command,
                args: plan.args,
                at: acceptedAt,
              },
            }),
            onDone: {
              target: 'waiting',
              actions: [
                assign(({ context, event }) => ({
                  processId: event.output,
                  last: {
                    processId: event.output,
                    commandId: context.commandId,
                    from: null,
                    to: 'pending',
                    event: 'process.requested',
                    at: context.acceptedAt,
                  },
                })),
                {
                  type: 'answer',
                  params: ({ context }) => ({
                    answer: { type: 'process.recorded', commandId: context.commandId },
                  }),
                },
                'announce',
              ],
            },
            onError: {
              target: '#process.refused',
              actions: {
                type: 'answer',
                params: ({ event }) => ({
                  answer: {
                    type: 'process.refused',
                    refusal: refuse(503, asDaemonError(event.error).message),
                  },
                }),
              },
            },
          },
        },
        waiting: {
          description: 'Waits for admission: a free place, and nobody before it on the same paths.',
          entry: 'queue',
          on: { 'process.admitted': '#process.running' },
        },
      },
    },
    running: {
      description: 'The plan is being carried out.',
      initial: 'recording',
      states: {
        recording: {
          description: 'The transition to running is being committed; no child exists before that.',
          entry: assign(({ context }) => {
            const last = step(context, 'pending', 'running', 'process.admitted');
            return { last, startedAt: last.at };
          }),
          invoke: {
            src: 'recordStart',
            input: ({ context }) => ({ store: context.store, transition: context.last as Transition }),
            onDone: { target: 'preparing', actions: 'announce' },
            onError: '#process.abandoned',
          },
        },
        preparing: {
          description: 'Folders are pinned, or the new file is staged, for the next part of the plan.',
          invoke: {
            src: 'prepareStep',
            input: ({ context }) => ({
              step: context.plan.step,
              from: context.next ?? 0,
              roots: context.deletionRoots,
            }),
            onDone: [
              {
                guard: 'hasLaunch',
                target: 'executing',
                actions: assign(({ event }) => ({ launch: event.output.launch, next: event.output.next })),
              },
              { target: 'continuing', actions: assign(({ event }) => ({ next: event.output.next })) },
            ],
            onError: {
              target: 'settling',
              actions: { type: 'fail', params: ({ event }) => ({ error: event.error }) },
            },
          },
        },
        executing: {
          description: 'The child runs. However long it takes, it is awaited.',
          invoke: {
            src: 'runChild',
            input: ({ context }) => ({ launch: context.launch as Launch, maxOutput: context.maxOutput }),
            onError: {
              target: 'finishing',
              actions: { type: 'fail', params: ({ event }) => ({ error: event.error }) },
            },
          },
          on: {
            'child.spawned': { actions: { type: 'recordPid', params: ({ event }) => ({ pid: event.pid }) } },
            'child.exited': {
              target: 'continuing',
              actions: { type: 'addEnd', params: ({ event }) => ({ end: event.end }) },
            },
            'child.refused': {
              target: 'finishing',
              actions: { type: 'fail', params: ({ event }) => ({ error: event.error }) },
            },
          },
        },
        continuing: {
          description: 'A removal too long for one argument list goes on with its next part.',
          always: [{ guard: 'hasMore', target: 'preparing' }, { target: 'finishing' }],
        },
        finishing: {
          description: 'A rename is made to last, or what was staged is removed.',
          invoke: {
            src: 'finishStep',
            input: ({ context }) => ({ step: context.plan.step, succeeded: context.end.code === 0 }),
            onDone: 'settling',
            onError: {
              target: 'settling',
              actions: { type: 'fail', params: ({ event }) => ({ error: event.error }) },
            },
          },
        },
        settling: {
          description: 'The end is being committed; nobody was told yet.',
          entry: assign(({ context }) => {
            const to = context.end.code === 0 ? 'succeeded' : 'failed';
            const { why, end } = context;
            const event = why === undefined ? 'child.exited' : 'process.faulted';
            const last = step(context, 'running', to, event, why ?? `exit code ${end.code}`);
            return { last, outcome: { ...context.end, at: last.at } };
          }),
          invoke: {
            src: 'recordEnd',
            input: ({ context }) => ({
              store: context.store,
              transition: context.last as Transition,
              outcome: context.outcome as Outcome,
            }),
            onDone: [{ guard: 'succeeded', target: '#process.succeeded' }, { target: '#process.failed' }],
            onError: '#process.abandoned',
          },
        },
      },
    },
    succeeded: { type: 'final', description: 'The effect is in place and on record.', entry: 'announce' },
    failed: { type: 'final', description: 'It ended with a reason, on record.', entry: 'announce' },
    refused: { type: 'final', description: 'Nothing was recorded, nothing ran; the client was told so.' },
    abandoned: {
      type: 'final',
      description: 'The daemon stopped before the transition was on disk; the next daemon settles the row.',
    },
  },
  output: ({ context }) => ({ commandId: context.commandId, succeeded: context.outcome?.code === 0 }),
});
