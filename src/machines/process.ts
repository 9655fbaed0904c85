import { assign } from 'xstate';
import { acceptedOf } from '../actors/record.ts';
import { asDaemonError, DaemonError } from '../errors.ts';
import type { Launch } from '../io/child.ts';
import type { Outcome, Transition, Unsettled } from '../io/records.ts';
import { refuse } from '../io/reply.ts';
import { endOf, newContext, step, waitedSince } from './process-context.ts';
import { processSetup } from './process-setup.ts';

/** One accepted command, from the promise to keep it to its end. Each transition is committed before anybody hears. */
export const processMachine = processSetup.createMachine({
  id: 'process',
  description: 'One accepted command: recorded, admitted, run as a tracked child, settled.',
  context: ({ input }) => newContext(input),
  initial: 'arriving',
  states: {
    arriving: {
      description: 'A new command, or one that the last daemon left.',
      always: [{ guard: 'isRecovered', target: 'recovering' }, { target: 'pending' }],
    },
    recovering: {
      description:
        'Taken over from the last daemon: the row is the record, and says in which state to go on.',
      initial: 'recording',
      states: {
        recording: {
          description: 'The try is being counted, before anything could go wrong with it.',
          entry: assign(({ context }) => {
            const { state, tries } = context.recovered as Unsettled;
            const why = `recovered by a new daemon, try ${tries + 1}`;
            return { last: step(context, state, 'process.recovered', why) };
          }),
          invoke: {
            src: 'recordRecovered',
            input: ({ context }) => ({ store: context.store, transition: context.last as Transition }),
            onDone: [
              {
                guard: 'isTriedTooOften',
                target: '#process.settling',
                actions: [
                  'announce',
                  { type: 'fail', params: { error: new DaemonError('RECOVERED_TOO_OFTEN') } },
                ],
              },
              { target: 'planning', actions: 'announce' },
            ],
            onError: '#process.abandoned',
          },
        },
        planning: {
          description: 'Its request is checked anew, and what it may still become is decided.',
          entry: 'replan',
          always: [
            { guard: 'wasRunning', target: '#process.running.adopting' },
            {
              guard: 'isRefusedToday',
              target: '#process.settling',
              actions: {
                type: 'fail',
                params: ({ context }) => ({
                  error: new DaemonError('NOT_ALLOWED_ANY_MORE', context.objection),
                }),
              },
            },
            {
              guard: 'isExpired',
              target: '#process.settling',
              actions: {
                type: 'fail',
                params: ({ context }) => ({ error: new DaemonError('EXPIRED', waitedSince(context)) }),
              },
            },
            { target: '#process.pending.waiting' },
          ],
        },
      },
    },
    pending: {
      description: 'Not started. The client has its answer once the row is on disk.',
      initial: 'recording',
      states: {
        recording: {
          description: 'The row and the transition to pending are being committed; nobody was told yet.',
          invoke: {
            src: 'recordAccepted',
            input: ({ context }) => ({ store: context.store, accepted: acceptedOf(context) }),
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
          on: {
            'process.admitted': '#process.running',
            // On record and not begun: the next daemon takes it over.
            'daemon.draining': { target: '#process.abandoned', actions: 'trust' },
          },
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
            const last = step(context, 'running', 'process.admitted');
            return { last, startedAt: last.at };
          }),
          invoke: {
            src: 'recordStart',
            input: ({ context }) => ({ store: context.store, transition: context.last as Transition }),
            onDone: { target: 'preparing', actions: ['announce', 'begin'] },
            onError: '#process.abandoned',
          },
        },
        adopting: {
          description: 'The last daemon had begun it: never run again. If its child lives, it is awaited.',
          invoke: {
            src: 'awaitOrphan',
            input: ({ context }) => ({ child: context.recovered?.child, step: context.plan.step }),
            onError: 'doubting',
          },
          on: { 'orphan.found': { actions: 'adopt' }, 'orphan.gone': 'doubting' },
        },
        doubting: {
          description: 'What its request meant is known only where it is still allowed.',
          always: [
            {
              guard: 'isRefusedToday',
              target: '#process.settling',
              actions: {
                type: 'fail',
                params: ({ context }) => ({ error: new DaemonError('INTERRUPTED', context.objection) }),
              },
            },
            { target: 'inspecting' },
          ],
        },
        inspecting: {
          description: 'Nobody heard its end: the effect itself decides.',
          invoke: {
            src: 'inspectEffect',
            input: ({ context }) => ({ step: context.plan.step, roots: context.deletionRoots }),
            onDone: [
              {
                guard: 'isInPlace',
                target: 'finishing',
                actions: assign({ why: 'the effect is in place' }),
              },
              {
                target: 'finishing',
                actions: {
                  type: 'fail',
                  params: ({ event }) => ({ error: new DaemonError('INTERRUPTED', event.output.detail) }),
                },
              },
            ],
            onError: {
              target: 'finishing',
              actions: { type: 'fail', params: ({ event }) => ({ error: event.error }) },
            },
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
              ownFiles: context.ownFiles,
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
              target: 'finishing',
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
            'child.spawned': {
              actions: { type: 'recordChild', params: ({ event }) => ({ child: event.child }) },
            },
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
            onDone: '#process.settling',
            onError: {
              target: '#process.settling',
              actions: { type: 'fail', params: ({ event }) => ({ error: event.error }) },
            },
          },
        },
      },
    },
    settling: {
      description: 'The end is being committed; nobody was told yet.',
      entry: assign(({ context }) => {
        const last = endOf(context);
        const { code, stdout, stderr } = context.end;
        return { last, outcome: { code, stdout, stderr, at: last.at } };
      }),
      invoke: {
        src: 'recordEnd',
        input: ({ context }) => ({
          store: context.store,
          transition: context.last as Transition,
          outcome: context.outcome as Outcome,
          accepted: acceptedOf(context),
        }),
        onDone: [{ guard: 'succeeded', target: '#process.succeeded' }, { target: '#process.failed' }],
        onError: '#process.abandoned',
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
