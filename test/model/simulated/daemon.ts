/** The daemon machine as a subject: its parts are provided, its clock is simulated. */
import type { InspectionEvent } from 'xstate';
import type { Store } from '../../../src/io/store/store.ts';
import { lonelyDaemon } from '../../support/lonely-daemon.ts';
import type { Path } from '../driver/paths.ts';
import type { Subject } from '../driver/walk.ts';
import type { Limit } from '../oracles/limits.ts';
import { ERRORS } from '../vocabularies/daemon.ts';
import { check, pass } from './clock.ts';

export function simulatedDaemon(path: Path, inspect: (event: InspectionEvent) => void): Subject {
  const daemon = lonelyDaemon(inspect);
  const { actor, checked, opened, unsettled, flushed, listen, says, did, told, logged } = daemon;
  const settles = (settle: () => void) => () => {
    settle();
    return daemon.settle();
  };
  const passes = (limit: Limit) => () => pass(daemon, limit);
  // A callback has no failure of its own.
  const failure = (id: string) => () =>
    actor.send({ type: `xstate.error.actor.${id}`, error: new Error('EIO') } as never);
  const events: Subject['events'] = {
    'the socket is free': settles(() => checked.resolve()),
    'another daemon answers': settles(() => checked.reject(ERRORS['another daemon answers'])),
    'the store opens': settles(() => opened.resolve({} as Store)),
    'the store is broken': settles(() => opened.reject(ERRORS['the store is broken'])),
    'all that is left is read': settles(() => unsettled.resolve([])),
    'nothing can be read': settles(() => unsettled.reject(ERRORS['nothing can be read'])),
    'all is recovered': () => says('processes', 'processes.recovered'),
    bound: () => listen({ type: 'listener.bound' }),
    'cannot bind': () => listen({ type: 'listener.failed', error: ERRORS['cannot bind'] }),
    'the listener fails': failure('listener'),
    'a signal': () => actor.send({ type: 'daemon.stop', signal: 'SIGTERM' }),
    'a hangup': () => actor.send({ type: 'log.reopen' }),
    'the log is open again': () => actor.send({ type: 'log.reopened' }),
    'the watchdog asks': () => daemon.remind(),
    'the backlog is empty': () => listen({ type: 'listener.drained' }),
    'all clients are answered': () => says('connections', 'connections.drained'),
    'all children have ended': () => says('processes', 'processes.drained'),
    flushed: settles(() => flushed.resolve()),
    'cannot be flushed': settles(() => flushed.reject(new Error('EIO'))),
    'RECOVERY_LIMIT passes': passes('RECOVERY_LIMIT'),
    'CLOSING_LIMIT passes': passes('CLOSING_LIMIT'),
    'CONNECTIONS_LIMIT passes': passes('CONNECTIONS_LIMIT'),
    'CHILDREN_LIMIT passes': passes('CHILDREN_LIMIT'),
    'FLUSH_LIMIT passes': passes('FLUSH_LIMIT'),
    'operators cannot look': () => daemon.look({ type: 'admin.failed', error: new Error('EACCES') as never }),
    'the admin part fails': failure('admin'),
    'the queue handler fails': failure('queueHandler'),
    'the processes fail': failure('processes'),
    'the connections fail': failure('connections'),
  };
  const states = path.states.map((state) => [state, () => check(state, daemon.state())] as const);
  return {
    events,
    states: Object.fromEntries(states),
    rest: () => ({
      exit: daemon.output() ? `exit code ${daemon.output()?.exitCode}` : 'no end',
      end: daemon.output() ? daemon.state() : 'no end',
      did: did.join(', ') || 'nothing done',
      told: told.join(', ').replaceAll(/USEC=\d+/g, 'USEC=now'),
      logged: logged.join(', ') || 'nothing logged',
    }),
    end: () => actor.stop(),
  };
}
