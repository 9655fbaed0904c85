import { assign } from 'xstate';
import type { ConnectionOpened } from '../../actors/messages.ts';
import type { Store } from '../../io/store/store.ts';
import { daemonSetup, partsOf } from './setup.ts';

/** Any error of a part that the daemon cannot do without. */
const orFail = {
  target: '#daemon.failed',
  actions: { type: 'fail', params: ({ event }: { event: { error: unknown } }) => ({ error: event.error }) },
} as const;

const logDraining = {
  type: 'logDraining',
  params: ({ event }: { event: { signal: string } }) => ({ signal: event.signal }),
} as const;

const logAdminFailed = {
  type: 'logAdminFailed',
  params: ({ event }: { event: { error: unknown } }) => ({ error: event.error }),
} as const;

/** The whole: what runs when, and in which order it ends. */
export const daemonMachine = daemonSetup.createMachine({
  id: 'daemon',
  description: 'The root: opens the store, recovers, listens, drains, stops.',
  context: ({ input }) => ({ ...input, store: undefined, failure: undefined, cut: false }),
  invoke: [
    { id: 'signals', src: 'signals' },
    {
      id: 'watchdog',
      src: 'watchdog',
      input: ({ context }) => ({ period: context.manager.watchdogPeriod }),
    },
  ],
  on: { 'log.reopen': { actions: 'reopenLog' }, 'watchdog.due': { actions: 'tellAlive' } },
  initial: 'starting',
  states: {
    starting: {
      description: 'Nothing is served yet.',
      entry: { type: 'tellStatus', params: { status: 'starting' } },
      on: { 'daemon.stop': 'stopped' },
      initial: 'checking',
      states: {
        checking: {
          description: 'Whether another daemon answers on the socket, before anything of its is touched.',
          invoke: {
            src: 'checkSocket',
            input: ({ context }) => ({ place: context.place }),
            onDone: 'opening',
            onError: orFail,
          },
        },
        opening: {
          description: 'The database is claimed and opened, and its schema brought up to date.',
          invoke: {
            src: 'openStore',
            input: ({ context }) => ({ open: context.openStore }),
            onDone: { target: '#daemon.serving', actions: assign(({ event }) => ({ store: event.output })) },
            onError: orFail,
          },
        },
      },
    },
    serving: {
      description: 'The actors that do the work are there.',
      invoke: [
        {
          id: 'queueHandler',
          systemId: 'queueHandler',
          src: 'queueHandler',
          input: ({ context, self }) => context.queueHandler(partsOf(context, self)),
          onError: orFail,
        },
        {
          id: 'processes',
          systemId: 'processes',
          src: 'processes',
          input: ({ context, self }) => context.processes(partsOf(context, self)),
          onError: orFail,
        },
        {
          id: 'connections',
          systemId: 'connections',
          src: 'connections',
          input: ({ context, self }) => context.connections(partsOf(context, self)),
          onError: orFail,
        },
        {
          id: 'admin',
          systemId: 'admin',
          src: 'admin',
          input: ({ context, self }) => context.admin(partsOf(context, self), self),
          // No command depends on the admin socket.
          onError: { actions: logAdminFailed },
        },
      ],
      on: { 'admin.failed': { actions: logAdminFailed } },
      initial: 'recovering',
      states: {
        recovering: {
          description:
            'Unfinished processes of the last daemon are settled, awaited or queued before new commands are accepted.',
          entry: { type: 'tellStatus', params: { status: 'recovering what the last daemon left' } },
          invoke: {
            src: 'readUnsettled',
            input: ({ context }) => ({ store: context.store as Store }),
            onDone: {
              actions: [
                { type: 'logRecovering', params: ({ event }) => ({ unsettled: event.output }) },
                { type: 'recoverProcesses', params: ({ event }) => ({ unsettled: event.output }) },
              ],
            },
            onError: orFail,
          },
          on: { 'processes.recovered': 'open', 'daemon.stop': { target: 'draining', actions: logDraining } },
          after: { RECOVERY_LIMIT: { target: '#daemon.failed', actions: 'failOfRecovery' } },
        },
        open: {
          description: 'New clients are accepted.',
          invoke: {
            id: 'listener',
            src: 'listener',
            input: ({ context, self }) => ({
              place: context.place,
              connections: () => partsOf(context, self).actor<ConnectionOpened>('connections'),
            }),
            onError: orFail,
          },
          on: {
            'listener.failed': orFail,
            'daemon.stop': { target: '.closing', actions: logDraining },
          },
          initial: 'binding',
          states: {
            binding: {
              description: 'The socket is being opened.',
              on: { 'listener.bound': 'listening' },
            },
            listening: {
              description: 'Ready.',
              entry: ['announce', 'tellReady'],
              on: {
                'log.reopen': { actions: ['tellReloading', 'reopenLog'] },
                'log.reopened': { actions: 'tellReady' },
              },
            },
            closing: {
              description:
                'The own socket is removed, and clients that had connected are still accepted; the next daemon accepts those that wait in an inherited socket.',
              entry: ['tellStopping', 'drainListener'],
              on: {
                'listener.drained': '#daemon.serving.draining',
                'daemon.stop': { target: '#daemon.stopped', actions: 'cut' },
              },
              after: { CLOSING_LIMIT: '#daemon.serving.draining' },
            },
          },
        },
        draining: {
          description:
            'No new clients are accepted, and begun work is completed. A second signal ends the daemon at once.',
          entry: 'tellStopping',
          on: { 'daemon.stop': { target: '#daemon.stopped', actions: 'cut' } },
          initial: 'answering',
          states: {
            answering: {
              description: 'Clients that have sent something get their reply.',
              entry: 'drainConnections',
              on: { 'connections.drained': 'finishing' },
              after: {
                CONNECTIONS_LIMIT: {
                  target: 'finishing',
                  actions: { type: 'logLate', params: { what: 'clients' } },
                },
              },
            },
            finishing: {
              description: 'Children that run are awaited.',
              entry: 'drainProcesses',
              on: { 'processes.drained': 'flushing' },
              after: {
                CHILDREN_LIMIT: {
                  target: 'flushing',
                  actions: { type: 'logLate', params: { what: 'children; they run on' } },
                },
              },
            },
            flushing: {
              description: 'Pending writes to the database are completed.',
              invoke: {
                src: 'flush',
                input: ({ context }) => ({ store: context.store as Store }),
                onDone: '#daemon.stopped',
                onError: orFail,
              },
              after: { FLUSH_LIMIT: '#daemon.stopped' },
            },
          },
        },
      },
    },
    stopped: { type: 'final', description: 'Stopped on request.' },
    failed: { type: 'final', description: 'Cannot go on; the output says why.' },
  },
  output: ({ context: { failure, cut } }) => ({
    exitCode: failure ? failure.exitCode : cut ? 1 : 0,
    failure,
  }),
});
