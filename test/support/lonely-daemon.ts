import {
  createActor,
  type EventObject,
  fromCallback,
  fromPromise,
  type InspectionEvent,
  SimulatedClock,
} from 'xstate';
import type { AdminFailed, AdminInput } from '../../src/actors/admin/admin.ts';
import type { ListenerDrain, ListenerEvent, ListenerInput } from '../../src/actors/daemon/listener.ts';
import type { SignalEvent } from '../../src/actors/daemon/signals.ts';
import type { WatchdogDue, WatchdogInput } from '../../src/actors/daemon/watchdog.ts';
import type { QueueHandlerInput } from '../../src/actors/queue-handler.ts';
import type { Unsettled } from '../../src/io/store/records.ts';
import type { Store } from '../../src/io/store/store.ts';
import { daemonMachine } from '../../src/machines/daemon/machine.ts';
import type { DaemonInput } from '../../src/machines/daemon/setup.ts';

/** Provided parts need no input. */
export const DAEMON_INPUT = {
  manager: { watchdogPeriod: undefined, tell: () => {} },
  connections: () => ({}),
  processes: () => ({}),
  admin: () => ({}),
  queueHandler: () => ({}),
} as unknown as DaemonInput;

/** A daemon machine by itself. `did` records the calls of its actors, `told` the messages to systemd, and `logged`
 * its log messages. */
export function lonelyDaemon(inspect: (event: InspectionEvent) => void = () => {}) {
  const did: string[] = [];
  const logged: string[] = [];
  const told: string[] = [];
  const clock = new SimulatedClock();
  const checked = Promise.withResolvers<void>();
  const opened = Promise.withResolvers<Store>();
  const unsettled = Promise.withResolvers<readonly Unsettled[]>();
  const flushed = Promise.withResolvers<void>();
  let listen: (event: ListenerEvent) => void = () => {};
  let remind = () => {};
  let look: (event: AdminFailed) => void = () => {};
  const says: Record<string, (type: string) => void> = {};
  const supervisor = (name: string) =>
    fromCallback<never, never>(({ receive, sendBack }) => {
      says[name] = (type) => (sendBack as (event: object) => void)({ type });
      receive(({ type }: { type: string }) => did.push(`${name}: ${type}`));
    });
  const machine = daemonMachine.provide({
    actors: {
      checkSocket: fromPromise(() => checked.promise),
      openStore: fromPromise(() => opened.promise),
      readUnsettled: fromPromise(() => unsettled.promise),
      flush: fromPromise(() => {
        did.push('flush');
        return flushed.promise;
      }),
      queueHandler: fromCallback<never, QueueHandlerInput>(() => {}) as never,
      processes: supervisor('processes') as never,
      connections: supervisor('connections') as never,
      signals: fromCallback<SignalEvent>(() => {}),
      watchdog: fromCallback<EventObject, WatchdogInput>(({ sendBack }) => {
        remind = () => (sendBack as (event: WatchdogDue) => void)({ type: 'watchdog.due' });
      }),
      admin: fromCallback<EventObject, AdminInput>(({ sendBack }) => {
        look = sendBack as typeof look;
      }),
      listener: fromCallback<ListenerDrain, ListenerInput>(({ sendBack, receive }) => {
        did.push('bind');
        listen = sendBack as typeof listen;
        receive(({ type }) => did.push(type));
        return () => did.push('close');
      }),
    },
    actions: {
      announce: () => {
        did.push('announce');
      },
      reopenLog: () => {
        did.push('reopen');
      },
      logDraining: () => {
        logged.push('draining');
      },
      logRecovering: () => {
        logged.push('recovering');
      },
      logAdminFailed: (_, { error }) => {
        did.push(`admin: ${(error as Error).message}`);
      },
      logLate: (_, { what }) => {
        did.push(`late: ${what.split(';')[0]}`);
      },
    },
  });
  const manager = { ...DAEMON_INPUT.manager, tell: (...words: string[]) => told.push(words.join(' ')) };
  const actor = createActor(machine, { clock, inspect, input: { ...DAEMON_INPUT, manager } }).start();
  const state = () => JSON.stringify(actor.getSnapshot().value).replaceAll(/["{}]/g, '');
  return {
    actor,
    clock,
    did,
    logged,
    told,
    remind: () => remind(),
    checked,
    opened,
    unsettled,
    flushed,
    look: (event: AdminFailed) => look(event),
    listen: (event: ListenerEvent) => listen(event),
    says: (name: string, type: string) => says[name]?.(type),
    drained: (name: string) => says[name]?.(`${name}.drained`),
    settle: () => new Promise(setImmediate),
    state,
    matches: (path: string) => state() === path,
    output: () => actor.getSnapshot().output,
  };
}
