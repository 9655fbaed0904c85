import { type AnyActorRef, assign, fromPromise, sendTo, setup } from 'xstate';
import { type AdminFailed, type AdminInput, admin } from '../../actors/admin/admin.ts';
import { type ConnectionsInput, connections } from '../../actors/connection/supervisor.ts';
import { type ListenerEvent, listener, type SocketPlace } from '../../actors/daemon/listener.ts';
import { type SignalEvent, signals } from '../../actors/daemon/signals.ts';
import { type WatchdogDue, watchdog } from '../../actors/daemon/watchdog.ts';
import type {
  ConnectionsDrained,
  Listener,
  ProcessesDrained,
  ProcessesRecovered,
} from '../../actors/messages.ts';
import { type ProcessesInput, processes } from '../../actors/process/supervisor.ts';
import { type QueueHandlerInput, queueHandler } from '../../actors/queue-handler.ts';
import { noted } from '../../actors/shared/activity.ts';
import { asDaemonError, DaemonError } from '../../errors.ts';
import type { Log } from '../../io/log/log.ts';
import { probeSocket } from '../../io/socket/listen.ts';
import type { Unsettled } from '../../io/store/records.ts';
import type { Store } from '../../io/store/store.ts';
import type { ServiceManager } from '../../io/systemd/service-manager.ts';

/** Milliseconds; each is a named delay of the machine. Those of draining stay together under the 90 s that systemd gives
 * a service to stop. */
export const DAEMON_LIMITS = {
  RECOVERY_LIMIT: 300_000,
  CLOSING_LIMIT: 1_000,
  CONNECTIONS_LIMIT: 12_000,
  CHILDREN_LIMIT: 55_000,
  FLUSH_LIMIT: 10_000,
} as const;

export interface DaemonInput {
  readonly place: SocketPlace;
  readonly manager: Pick<ServiceManager, 'tell' | 'watchdogPeriod'>;
  readonly log: Log;
  readonly openStore: () => Store;
  readonly queueHandler: (parts: Parts) => QueueHandlerInput;
  readonly connections: (parts: Parts) => ConnectionsInput;
  readonly processes: (parts: Parts) => ProcessesInput;
  /** `self`: the daemon, which is what operators look at. */
  readonly admin: (parts: Parts, self: AnyActorRef) => AdminInput;
  /** Called once it listens. */
  readonly announce: (store: Store | undefined) => void;
}

/** The parts that supervisors are built from. Actors are looked up in the shared actor system when they are needed. */
export interface Parts {
  readonly store: Store;
  readonly actor: <E extends { type: string }>(systemId: string) => Listener<E>;
}

export interface DaemonContext extends DaemonInput {
  readonly store: Store | undefined;
  readonly failure: DaemonError | undefined;
  /** True where a second signal cut the draining short. */
  readonly cut: boolean;
}

export type DaemonEvent =
  | SignalEvent
  | WatchdogDue
  | { readonly type: 'log.reopened' }
  | ListenerEvent
  | AdminFailed
  | ProcessesRecovered
  | ConnectionsDrained
  | ProcessesDrained;

export interface DaemonOutput {
  readonly exitCode: number;
  readonly failure: DaemonError | undefined;
}

/** An inherited socket already accepts connections for us. */
const checkSocket = fromPromise<void, { place: SocketPlace }>(async ({ input: { place } }) => {
  if ('path' in place) await probeSocket(place.path, place.access.owner);
});

const openStore = fromPromise<Store, { open: () => Store }>(async ({ input }) => input.open());

const readUnsettled = fromPromise<readonly Unsettled[], { store: Store }>(({ input }) =>
  input.store.unsettled(),
);

const flush = fromPromise<void, { store: Store }>(async ({ input: { store } }) => {
  await store.drained();
  store.close();
});

/** Every effect and action of the daemon machine, by name. */
export const daemonSetup = setup({
  types: {
    input: {} as DaemonInput,
    context: {} as DaemonContext,
    events: {} as DaemonEvent,
    output: {} as DaemonOutput,
  },
  actors: {
    checkSocket,
    openStore,
    readUnsettled,
    queueHandler: noted(queueHandler),
    processes: noted(processes),
    connections: noted(connections),
    admin: noted(admin),
    listener: noted(listener),
    signals: noted(signals),
    watchdog: noted(watchdog),
    flush,
  },
  actions: {
    announce: ({ context }) => context.announce(context.store),
    reopenLog: ({ context, self }) => {
      context.log.reopen().then(() => self.send({ type: 'log.reopened' }));
    },
    tellStatus: ({ context }, params: { status: string }) => context.manager.tell(`STATUS=${params.status}`),
    tellReady: ({ context }) => context.manager.tell('READY=1', 'STATUS=listening'),
    tellReloading: ({ context }) => context.manager.tell('RELOADING=1', `MONOTONIC_USEC=${monotonicNow()}`),
    tellStopping: ({ context }) => context.manager.tell('STOPPING=1', 'STATUS=draining'),
    tellAlive: ({ context }) => context.manager.tell('WATCHDOG=1'),
    logRecovering: ({ context }, params: { unsettled: readonly Unsettled[] }) => {
      const commands = params.unsettled.length;
      if (commands > 0) context.log.logger.warn({ commands }, 'recovering what the last daemon left');
    },
    logDraining: ({ context }, params: { signal: string }) => {
      context.log.logger.info({ signal: params.signal }, 'draining');
    },
    logAdminFailed: ({ context }, params: { error: unknown }) => {
      const { code, message, remedy } = asDaemonError(params.error, 'ADMIN_UNUSABLE');
      context.log.logger.error({ code, remedy }, message);
    },
    logLate: ({ context }, params: { what: string }) => {
      context.log.logger.warn(`stopped waiting for ${params.what}: the limit of this step is over`);
    },
    recoverProcesses: sendTo(
      ({ system }) => system.get('processes'),
      (_, params: { unsettled: readonly Unsettled[] }) => ({ type: 'processes.recover', ...params }),
    ),
    drainListener: sendTo('listener', { type: 'listener.drain' }),
    drainConnections: sendTo(({ system }) => system.get('connections'), { type: 'supervisor.drain' }),
    drainProcesses: sendTo(({ system }) => system.get('processes'), { type: 'supervisor.drain' }),
    fail: assign((_, params: { error: unknown }) => ({ failure: asDaemonError(params.error) })),
    failOfRecovery: assign({ failure: () => new DaemonError('RECOVERY_TOO_SLOW') }),
    cut: assign({ cut: true }),
  },
  delays: { ...DAEMON_LIMITS },
});

/** Microseconds of CLOCK_MONOTONIC. */
const monotonicNow = () => process.hrtime.bigint() / 1_000n;

export function partsOf({ store }: DaemonContext, self: { system: { get: (id: string) => unknown } }): Parts {
  return {
    store: store as Store,
    actor: <E extends { type: string }>(systemId: string) => self.system.get(systemId) as Listener<E>,
  };
}
