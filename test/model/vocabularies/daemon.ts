/** The events of the daemon machine, in the words of the oracle. */
import type { AnyMachineSnapshot, EventObject } from 'xstate';
import { DaemonError } from '../../../src/errors.ts';
import { daemonMachine } from '../../../src/machines/daemon/machine.ts';
import { DAEMON_INPUT } from '../../support/lonely-daemon.ts';
import { after, done, failed, stateOf } from '../driver/events.ts';
import type { Vocabulary } from '../driver/paths.ts';

export const ERRORS = {
  'another daemon answers': new DaemonError('SOCKET_IN_USE'),
  'the store is broken': new DaemonError('DATABASE_UNUSABLE'),
  'nothing can be read': new DaemonError('STORE_UNAVAILABLE'),
  'cannot bind': new DaemonError('SOCKET_IN_USE'),
} as const;

const IO = new Error('EIO');
const below = (state: string, event: object) => (snapshot: AnyMachineSnapshot) =>
  stateOf(snapshot).startsWith(state) ? (event as EventObject) : undefined;
const passes = (delay: string, state: string) => (snapshot: AnyMachineSnapshot) =>
  after(snapshot, delay, state);
const serving = (event: object) => below('serving', event);
/** An event that the listener can send for as long as it exists. */
const open = (event: object) => below('serving.open', event);

const READING = ['all that is left is read', 'nothing can be read'];

export const daemonVocabulary: Vocabulary = {
  machine: daemonMachine,
  starts: { 'a start': DAEMON_INPUT },
  events: {
    'the socket is free': (snapshot) => done(snapshot, 'checkSocket'),
    'another daemon answers': (snapshot) => failed(snapshot, 'checkSocket', ERRORS['another daemon answers']),
    'the store opens': (snapshot) => done(snapshot, 'openStore', {}),
    'the store is broken': (snapshot) => failed(snapshot, 'openStore', ERRORS['the store is broken']),
    'all that is left is read': (snapshot) => done(snapshot, 'readUnsettled', []),
    'nothing can be read': (snapshot) => failed(snapshot, 'readUnsettled', ERRORS['nothing can be read']),
    'all is recovered': serving({ type: 'processes.recovered' }),
    bound: below('serving.open.binding', { type: 'listener.bound' }),
    'cannot bind': open({ type: 'listener.failed', error: ERRORS['cannot bind'] }),
    'the listener fails': (snapshot) => failed(snapshot, 'listener', IO),
    'a signal': () => ({ type: 'daemon.stop', signal: 'SIGTERM' }),
    'a hangup': () => ({ type: 'log.reopen' }),
    'the log is open again': below('serving.open.listening', { type: 'log.reopened' }),
    'the watchdog asks': () => ({ type: 'watchdog.due' }),
    'the backlog is empty': open({ type: 'listener.drained' }),
    'all clients are answered': serving({ type: 'connections.drained' }),
    'all children have ended': serving({ type: 'processes.drained' }),
    flushed: (snapshot) => done(snapshot, 'flush'),
    'cannot be flushed': (snapshot) => failed(snapshot, 'flush', IO),
    'RECOVERY_LIMIT passes': passes('RECOVERY_LIMIT', 'serving.recovering'),
    'CLOSING_LIMIT passes': passes('CLOSING_LIMIT', 'serving.open.closing'),
    'CONNECTIONS_LIMIT passes': passes('CONNECTIONS_LIMIT', 'serving.draining.answering'),
    'CHILDREN_LIMIT passes': passes('CHILDREN_LIMIT', 'serving.draining.finishing'),
    'FLUSH_LIMIT passes': passes('FLUSH_LIMIT', 'serving.draining.flushing'),
    'operators cannot look': serving({ type: 'admin.failed', error: new Error('EACCES') }),
    'the admin part fails': (snapshot) => failed(snapshot, 'admin', IO),
    'the queue handler fails': (snapshot) => failed(snapshot, 'queueHandler', IO),
    'the processes fail': (snapshot) => failed(snapshot, 'processes', IO),
    'the connections fail': (snapshot) => failed(snapshot, 'connections', IO),
  },
  isPossible: (events) => events.filter((event) => READING.includes(event)).length <= 1,
};
