import { assign } from 'xstate';
import { DaemonError } from '../../errors.ts';
import type { Launch } from '../../io/child/child.ts';
import type { Transition } from '../../io/store/records.ts';
import { step } from './context.ts';
import { processSetup } from './setup.ts';

/** The states of a process whose plan is being carried out, or was when the last daemon ended. */
export const running = processSetup.createStateConfig({
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
      description:
        'The last daemon had started it, so it is not run again. If its child still runs, it is awaited.',
      invoke: {
        src: 'awaitOrphan',
        input: ({ context }) => ({
          child: context.recovered?.child,
          step: context.plan.step,
          acceptedAt: context.acceptedAt,
        }),
        onError: 'doubting',
      },
      on: { 'orphan.found': { actions: 'adopt' }, 'orphan.gone': 'doubting' },
    },
    doubting: {
      description: 'The effect of its request is known only if the request is still allowed.',
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
      description: 'The exit of its child was not observed: the effect on disk decides.',
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
      description: 'For the next part of the plan, directories are pinned or the new file is staged.',
      invoke: {
        src: 'prepareStep',
        input: ({ context }) => ({
          step: context.plan.step,
          from: context.next ?? 0,
          roots: context.deletionRoots,
          unsafeRoots: context.unsafeRoots,
          ownFiles: context.ownFiles,
          nextSlice: context.nextSlice,
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
      description: 'The child runs, and is awaited without a time limit.',
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
      description: 'A rename is synced to disk, or the staged file is removed.',
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
});
