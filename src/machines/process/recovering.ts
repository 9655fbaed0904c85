import { assign } from 'xstate';
import { DaemonError } from '../../errors.ts';
import type { Transition, Unsettled } from '../../io/store/records.ts';
import { step, waitedSince } from './context.ts';
import { processSetup } from './setup.ts';

/** The states of a process that the last daemon left, until it waits, is awaited or has its end. */
export const recovering = processSetup.createStateConfig({
  description: 'Taken over from the last daemon: the row is the record, and says in which state to go on.',
  initial: 'recording',
  states: {
    recording: {
      description: 'The attempt is being counted before it can fail.',
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
      description: 'Its request is checked again, and its next state is decided.',
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
});
