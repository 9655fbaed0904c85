/** The expectations of an operator about the whole daemon: maps the words of the events to its effects. */
import type { Sight } from '../driver/walk.ts';

type Stage =
  | 'checking'
  | 'opening'
  | 'recovering'
  | 'binding'
  | 'listening'
  | 'closing'
  | 'answering'
  | 'finishing'
  | 'flushing'
  | 'over';

export interface Expected {
  readonly stage: Stage;
  readonly exit: number | undefined;
  /** The effects of the machine on its parts, in order. */
  readonly did: readonly string[];
  /** The messages to systemd, in order. */
  readonly told: readonly string[];
  /** The log messages before the daemon began to serve. */
  readonly logged: readonly string[];
}

type Change = Partial<Expected>;

const exits = (exit: number, ...did: string[]): Change => ({ stage: 'over', exit, did });
const BIND: Change = { stage: 'binding', did: ['bind'] };
const READY = 'READY=1 STATUS=listening';
const STOPPING = 'STOPPING=1 STATUS=draining';
const CLOSE: Change = { stage: 'closing', did: ['listener.drain'], told: [STOPPING], logged: ['draining'] };
const ANSWER: Change = { stage: 'answering', did: ['connections: supervisor.drain'], told: [STOPPING] };
const FINISH: Change = { stage: 'finishing', did: ['processes: supervisor.drain'] };
const FLUSH: Change = { stage: 'flushing', did: ['flush'] };
/** The daemon removes its socket first when it leaves a state that listens. */
const closed = (change: Change): Change => ({ ...change, did: ['close', ...(change.did ?? [])] });
const late = (what: string, change: Change): Change => ({
  ...change,
  did: [`late: ${what}`, ...(change.did ?? [])],
});

const LISTENER_FAILS = { 'cannot bind': closed(exits(75)), 'the listener fails': closed(exits(70)) };

/** By stage, then by event. An event without an entry changes nothing observable. */
const RULES: Readonly<Record<Stage, Readonly<Record<string, Change>>>> = {
  checking: {
    'the socket is free': { stage: 'opening' },
    'another daemon answers': exits(75),
    'a signal': exits(0),
  },
  opening: {
    'the store opens': { stage: 'recovering', told: ['STATUS=recovering what the last daemon left'] },
    'the store is broken': exits(74),
    'a signal': exits(0),
  },
  recovering: {
    'all that is left is read': { did: ['processes: processes.recover'], logged: ['recovering'] },
    'nothing can be read': exits(70),
    'all is recovered': BIND,
    'a signal': { ...ANSWER, logged: ['draining'] },
    'RECOVERY_LIMIT passes': exits(74),
  },
  binding: {
    bound: { stage: 'listening', did: ['announce'], told: [READY] },
    'a signal': CLOSE,
    ...LISTENER_FAILS,
  },
  listening: {
    'a signal': CLOSE,
    // Only a daemon that was ready can be ready again.
    'a hangup': { did: ['reopen'], told: ['RELOADING=1 MONOTONIC_USEC=now'] },
    'the log is open again': { told: [READY] },
    ...LISTENER_FAILS,
  },
  closing: {
    'the backlog is empty': closed(ANSWER),
    'CLOSING_LIMIT passes': closed(ANSWER),
    'a signal': closed(exits(1)),
    ...LISTENER_FAILS,
  },
  answering: {
    'all clients are answered': FINISH,
    'CONNECTIONS_LIMIT passes': late('clients', FINISH),
    'a signal': exits(1),
  },
  finishing: {
    'all children have ended': FLUSH,
    'CHILDREN_LIMIT passes': late('children', FLUSH),
    'a signal': exits(1),
  },
  flushing: {
    flushed: exits(0),
    'cannot be flushed': exits(70),
    'FLUSH_LIMIT passes': exits(0),
    'a signal': exits(1),
  },
  over: {},
};

const VITAL = ['the queue handler fails', 'the processes fail', 'the connections fail'];
const SERVING: readonly Stage[] = [
  'recovering',
  'binding',
  'listening',
  'closing',
  'answering',
  'finishing',
  'flushing',
];
const WITH_SOCKET: readonly Stage[] = ['binding', 'listening', 'closing'];

function changeOf({ stage }: Expected, event: string): Change | undefined {
  const rule = RULES[stage][event];
  if (rule || stage === 'over') return rule;
  if (event === 'a hangup') return { did: ['reopen'] };
  if (event === 'the watchdog asks') return { told: ['WATCHDOG=1'] };
  if (!SERVING.includes(stage)) return undefined;
  // Inspection does not affect any command.
  if (event === 'operators cannot look') return { did: ['admin: EACCES'] };
  if (event === 'the admin part fails') return { did: ['admin: EIO'] };
  if (!VITAL.includes(event)) return undefined;
  return WITH_SOCKET.includes(stage) ? closed(exits(70)) : exits(70);
}

export function expectedOf(_start: string, events: readonly string[]): Expected {
  return events.reduce(happen, {
    stage: 'checking',
    exit: undefined,
    did: [],
    told: ['STATUS=starting'],
    logged: [],
  });
}

function happen(before: Expected, event: string): Expected {
  const { did = [], told = [], logged = [], ...change } = changeOf(before, event) ?? {};
  return {
    ...before,
    ...change,
    did: [...before.did, ...did],
    told: [...before.told, ...told],
    logged: [...before.logged, ...logged],
  };
}

/** The next event if nothing interferes. */
const LEFT_ALONE: Readonly<Partial<Record<Stage, string>>> = {
  checking: 'the socket is free',
  opening: 'the store opens',
  recovering: 'all is recovered',
  binding: 'bound',
  closing: 'the backlog is empty',
  answering: 'all clients are answered',
  finishing: 'all children have ended',
  flushing: 'flushed',
};

/** The same events, and those that follow by themselves. */
export function leftAlone(start: string, events: readonly string[]): readonly string[] {
  const next = LEFT_ALONE[expectedOf(start, events).stage];
  return next === undefined ? events : leftAlone(start, [...events, next]);
}

export const sightOf = ({ exit, did, told, logged }: Expected): Sight => ({
  exit: exit === undefined ? 'no end' : `exit code ${exit}`,
  // Each code of sysexits is a failure; 1 is a stop that was cut short.
  end: exit === undefined ? 'no end' : exit > 1 ? 'failed' : 'stopped',
  did: did.join(', ') || 'nothing done',
  told: told.join(', '),
  logged: logged.join(', ') || 'nothing logged',
});
