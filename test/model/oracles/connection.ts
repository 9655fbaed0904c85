/** The expectations of a client, from the contract alone: maps the words of the events to the observations. */
import type { Sight } from '../driver/walk.ts';

type Stage = 'reading' | 'doubting' | 'waiting' | 'looking' | 'asked' | 'answered' | 'gone';

export interface Expected {
  readonly stage: Stage;
  readonly came: boolean;
  readonly reply: string;
  readonly handed: boolean;
  /** The reply was sent although the client may still be sending. */
  readonly early: boolean;
  readonly delivered: boolean;
}

export type ConnectionStart = 'a client' | 'a stranger';

const NEW: Expected = {
  stage: 'reading',
  came: false,
  reply: 'silence',
  handed: false,
  early: false,
  delivered: false,
};

const answered = (reply: string, early = false) => ({ stage: 'answered', reply, early }) as const;
const cutOff = ({ came }: Expected) => (came ? answered('a 400', true) : ({ stage: 'gone' } as const));

type Rules = Readonly<Record<string, (before: Expected) => Partial<Expected>>>;

const READING: Rules = {
  'a piece': () => ({ stage: 'reading', came: true }),
  'a good request': () => ({ stage: 'looking', came: true }),
  'broken JSON': () => ({ ...answered('a 400'), came: true }),
  'an unknown command': () => ({ ...answered('a 400'), came: true }),
  junk: () => ({ ...answered('a 400', true), came: true }),
  'no room': () => ({ stage: 'waiting' }),
  'too much': () => ({ ...answered('a 400', true), came: true }),
  'half-close': cutOff,
};

/** At any stage. */
const ENDING: readonly string[] = ['vanish', 'the reader fails'];

/** By stage, then by event. An event without an entry changes nothing that a client can observe. */
const RULES: Readonly<Record<Stage, Rules>> = {
  reading: {
    ...READING,
    'FIRST_BYTE_LIMIT passes': () => ({ stage: 'doubting' }),
    'SILENCE_LIMIT passes': () => ({ stage: 'doubting' }),
    'REQUEST_LIMIT passes': () => answered('a 400', true),
  },
  // Bytes that have arrived in time are read, also if the daemon was busy.
  doubting: { ...READING, 'LAST_LOOK passes': cutOff },
  // Nothing more is read before there is room.
  waiting: {
    ...READING,
    'ROOM_LIMIT passes': () => answered('a 503', true),
    'REQUEST_LIMIT passes': () => answered('a 503', true),
  },
  looking: {
    allowed: () => ({ stage: 'asked', handed: true }),
    forbidden: () => answered('a 403'),
    'the look fails': () => answered('a 500'),
    'CHECK_LIMIT passes': () => answered('a 503'),
  },
  asked: {
    'on record': () => answered('a 202'),
    refused: () => answered('a 503'),
    'ACCEPT_LIMIT passes': () => answered('a 503'),
  },
  answered: {
    sent: () => ({ stage: 'gone', delivered: true }),
    'sent to nobody': () => ({ stage: 'gone' }),
    'cannot be sent': () => ({ stage: 'gone' }),
    'REPLY_PATIENCE passes': ({ early }) => ({ stage: 'gone', delivered: early }),
    vanish: ({ early }) => ({ stage: 'gone', delivered: early }),
  },
  gone: {},
};

const FIRST: Readonly<Record<ConnectionStart, Expected>> = {
  'a client': NEW,
  'a stranger': { ...NEW, ...answered('a 403', true) },
};

export function expectedOf(start: string, events: readonly string[]): Expected {
  return events.reduce(happen, FIRST[start as ConnectionStart]);
}

function happen(before: Expected, event: string): Expected {
  const rule = RULES[before.stage][event];
  if (rule) return { ...before, ...rule(before) };
  return ENDING.includes(event) ? { ...before, stage: 'gone' } : before;
}

/** The next event if nothing interferes, which leads each connection to its end. */
const LEFT_ALONE: Readonly<Partial<Record<Stage, string>>> = {
  reading: 'SILENCE_LIMIT passes',
  doubting: 'LAST_LOOK passes',
  waiting: 'ROOM_LIMIT passes',
  looking: 'allowed',
  asked: 'on record',
  answered: 'sent',
};

/** The same events, and those that follow by themselves. */
export function leftAlone(start: string, events: readonly string[]): readonly string[] {
  const next = LEFT_ALONE[expectedOf(start, events).stage];
  return next === undefined ? events : leftAlone(start, [...events, next]);
}

export const sightOf = ({ stage, reply, handed, delivered }: Expected): Sight => ({
  reply,
  request: handed ? 'a request handed on' : 'no request handed on',
  connection: stage === 'gone' ? 'the connection closed' : 'the connection open',
  delivery: delivered ? 'a reply that got through' : 'no reply that got through',
});
