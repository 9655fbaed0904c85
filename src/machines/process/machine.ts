import { assign } from 'xstate';
import { acceptedOf } from '../../actors/process/persist.ts';
import { asDaemonError } from '../../errors.ts';
import { refuseFor } from '../../io/socket/reply.ts';
import type { Outcome, Transition } from '../../io/store/records.ts';
import { endOf, newContext } from './context.ts';
import { recovering } from './recovering.ts';
import { running } from './running.ts';
import { processSetup } from './setup.ts';

/** One accepted command, from the promise to keep it to its end. Each transition is committed before it is announced. */
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
    recovering,
    pending: {
      description: 'Not started. The client has its answer once the row is on disk.',
      initial: 'recording',
      states: {
        recording: {
          description:
            'The row and the transition to pending are being committed; the client has no reply yet.',
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
                    refusal: refuseFor(503, asDaemonError(event.error)),
                  },
                }),
              },
            },
          },
        },
        waiting: {
          description: 'Waits for admission: a free place, and no earlier command on the same paths.',
          entry: 'queue',
          on: {
            'process.admitted': '#process.running',
            // On record and not begun: the next daemon takes it over.
            'daemon.draining': { target: '#process.abandoned', actions: 'trust' },
          },
        },
      },
    },
    running,
    settling: {
      description:
        'The end is being committed and not announced yet; the next command on its paths can begin.',
      entry: [
        assign(({ context }) => {
          const last = endOf(context);
          const { code, stdout, stderr } = context.end;
          return { last, outcome: { code, stdout, stderr, at: last.at } };
        }),
        'yield',
      ],
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
