import { assign, fromPromise, sendTo, setup } from 'xstate';
import { type ConnectionsInput, connections } from '../actors/connections.ts';
import { type ListenerEvent, listener } from '../actors/listener.ts';
import type { ConnectionOpened, Listener, SupervisorDrained } from '../actors/messages.ts';
import { type ProcessesInput, processes } from '../actors/processes.ts';
import { type QueueHandlerInput, queueHandler } from '../actors/queue-handler.ts';
import { type SignalEvent, signals } from '../actors/signals.ts';
import { asDaemonError, type DaemonError } from '../errors.ts';
import type { Log } from '../io/log.ts';
import type { Store } from '../io/store.ts';

/** Milliseconds that each step of draining may take; together under the 90 s that systemd gives a service. */
export const DRAIN_LIMITS = {
  CONNECTIONS_LIMIT: 12_000,
  CHILDREN_LIMIT: 55_000,
  FLUSH_LIMIT: 10_000,
} as const;

export interface DaemonInput {
  readonly socketPath: string;
  readonly log: Log;
  readonly openStore: () => Store;
  readonly queueHandler: QueueHandlerInput;
  readonly connections: (parts: Parts) => ConnectionsInput;
  readonly processes: (parts: Parts) => ProcessesInput;
  /** Called once it listens. */
  readonly announce: () => void;
}

/** What supervisors are built with: actors are looked up when they are needed, in the system that all share. */
export interface Parts {
  readonly store: Store;
  readonly actor: <E extends { type: string }>(systemId: string) => Listener<E>;
}

interface DaemonContext extends DaemonInput {
  readonly store: Store | undefined;
  readonly failure: DaemonError | undefined;
  /** True where a second signal cut the draining short. */
  readonly cut: boolean;
}

type DaemonEvent = SignalEvent | ListenerEvent | SupervisorDrained;

export interface DaemonOutput {
  readonly exitCode: number;
  readonly failure: DaemonError | undefined;
}

const openStore = fromPromise<Store, { open: () => Store }>(async ({ input }) => input.open());

const flush = fromPromise<void, { store: Store; log: Log }>(async ({ input: { store, log } }) => {
  await store.drained();
  store.close();
  await log.flush();
});

/** The whole: what runs when, and in which order it ends. */
export const daemonMachine = setup({
  types: {
    input: {} as DaemonInput,
    context: {} as DaemonContext,
    events: {} as DaemonEvent,
    output: {} as DaemonOutput,
  },
  actors: { openStore, queueHandler, processes, connections, listener, signals, flush },
  actions: {
    announce: ({ context }) => context.announce(),
    reopenLog: ({ context }) => context.log.reopen(),
    logDraining: ({ context }, params: { signal: string }) => {
      context.log.logger.info({ signal: params.signal }, 'draining');
    },
    logLate: ({ context }, params: { what: string }) => {
      context.log.logger.warn(`stopped waiting for ${params.what}: the limit of this step is over`);
    },
    drainConnections: sendTo(({ system }) => system.get('connections'), { type: 'supervisor.drain' }),
    drainProcesses: sendTo(({ system }) => system.get('processes'), { type: 'supervisor.drain' }),
    fail: assign((_, params: { error: unknown }) => ({ failure: asDaemonError(params.error) })),
    cut: assign({ cut: true }),
  },
  delays: { ...DRAIN_LIMITS },
}).createMachine({
  id: 'daemon',
  description: 'The root: opens the store, listens, drains, stops.',
  context: ({ input }) => ({ ...input, store: undefined, failure: undefined, cut: false }),
  invoke: { id: 'signals', src: 'signals' },
  on: { 'log.reopen': { actions: 'reopenLog' } },
  initial: 'starting',
  states: {
    starting: {
      description: 'The database is opened and its schema brought up to date.',
      invoke: {
        src: 'openStore',
        input: ({ context }) => ({ open: context.openStore }),
        onDone: { target: 'serving', actions: assign(({ event }) => ({ store: event.output })) },
        onError: {
          target: 'failed',
          actions: { type: 'fail', params: ({ event }) => ({ error: event.error }) },
        },
      },
      on: { 'daemon.stop': 'stopped' },
    },
    serving: {
      description: 'The actors that do the work are there.',
      invoke: [
        {
          id: 'queueHandler',
          systemId: 'queueHandler',
          src: 'queueHandler',
          input: ({ context }) => context.queueHandler,
          onError: {
            target: 'failed',
            actions: { type: 'fail', params: ({ event }) => ({ error: event.error }) },
          },
        },
        {
          id: 'processes',
          systemId: 'processes',
          src: 'processes',
          input: ({ context, self }) => context.processes(partsOf(context, self)),
          onError: {
            target: 'failed',
            actions: { type: 'fail', params: ({ event }) => ({ error: event.error }) },
          },
        },
        {
          id: 'connections',
          systemId: 'connections',
          src: 'connections',
          input: ({ context, self }) => context.connections(partsOf(context, self)),
          onError: {
            target: 'failed',
            actions: { type: 'fail', params: ({ event }) => ({ error: event.error }) },
          },
        },
      ],
      initial: 'open',
      states: {
        open: {
          description: 'New clients are let in.',
          invoke: {
            id: 'listener',
            src: 'listener',
            input: ({ context, self }) => ({
              socketPath: context.socketPath,
              connections: () => partsOf(context, self).actor<ConnectionOpened>('connections'),
            }),
            onError: {
              target: '#daemon.failed',
              actions: { type: 'fail', params: ({ event }) => ({ error: event.error }) },
            },
          },
          on: {
            'listener.failed': {
              target: '#daemon.failed',
              actions: { type: 'fail', params: ({ event }) => ({ error: event.error }) },
            },
            'daemon.stop': {
              target: 'draining',
              actions: { type: 'logDraining', params: ({ event }) => ({ signal: event.signal }) },
            },
          },
          initial: 'binding',
          states: {
            binding: {
              description: 'The socket is being opened.',
              on: { 'listener.bound': 'listening' },
            },
            listening: { description: 'Ready.', entry: 'announce' },
          },
        },
        draining: {
          description:
            'No new clients; what was begun is brought to its end. A second signal ends it at once.',
          on: { 'daemon.stop': { target: '#daemon.stopped', actions: 'cut' } },
          initial: 'answering',
          states: {
            answering: {
              description: 'Clients that have sent something get their reply.',
              entry: 'drainConnections',
              on: { 'supervisor.drained': 'finishing' },
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
              on: { 'supervisor.drained': 'flushing' },
              after: {
                CHILDREN_LIMIT: {
                  target: 'flushing',
                  actions: { type: 'logLate', params: { what: 'children; they run on' } },
                },
              },
            },
            flushing: {
              description: 'What is not on disk yet is written: the database, then the log.',
              invoke: {
                src: 'flush',
                input: ({ context }) => ({ store: context.store as Store, log: context.log }),
                onDone: '#daemon.stopped',
                onError: {
                  target: '#daemon.failed',
                  actions: { type: 'fail', params: ({ event }) => ({ error: event.error }) },
                },
              },
              after: { FLUSH_LIMIT: '#daemon.stopped' },
            },
          },
        },
      },
    },
    stopped: { type: 'final', description: 'Stopped as it was asked to.' },
    failed: { type: 'final', description: 'Cannot go on; the output says why.' },
  },
  output: ({ context: { failure, cut } }) => ({
    exitCode: failure ? failure.exitCode : cut ? 1 : 0,
    failure,
  }),
});

function partsOf({ store }: DaemonContext, self: { system: { get: (id: string) => unknown } }): Parts {
  return {
    store: store as Store,
    actor: <E extends { type: string }>(systemId: string) => self.system.get(systemId) as Listener<E>,
  };
}
