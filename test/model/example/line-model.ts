/** The model of the example: what can happen, what must come of it, and two subjects that it happens to. */
import { connect, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { createActor, fromCallback, type InspectionEvent, SimulatedClock } from 'xstate';
import { after } from '../driver/events.ts';
import type { Path, Vocabulary } from '../driver/paths.ts';
import { type Sight, type Subject, TooSlow } from '../driver/walk.ts';
import { lineMachine } from './line-machine.ts';

export const lineVocabulary: Vocabulary = {
  machine: lineMachine,
  starts: { 'a client': { socket: undefined } },
  events: {
    'a piece': () => ({ type: 'bytes.came' }),
    'a line': () => ({ type: 'line.completed' }),
    vanish: () => ({ type: 'client.left' }),
    'SILENCE_LIMIT passes': (snapshot) => after(snapshot, 'SILENCE_LIMIT', 'gathering'),
  },
};

/** By hand, and without a look at the machine. */
const ANSWERS: Readonly<Record<string, string>> = {
  'a line': 'ok',
  'SILENCE_LIMIT passes': 'too slow',
  vanish: 'silence',
};

export function expectedOf({ events }: Path): Sight {
  const first = events.find((event) => event in ANSWERS);
  return { answer: ANSWERS[first ?? ''] ?? 'silence' };
}

/** In the end silence passes, too. */
export const expectedInTheEnd = (path: Path): Sight =>
  expectedOf(
    path.events.includes('a piece') ? { ...path, events: [...path.events, 'SILENCE_LIMIT passes'] } : path,
  );

/** Written down once more: what the machine says would not show what it does wrong. */
const SILENCE_LIMIT = 200;

export function simulatedLine(
  machine = lineMachine,
  inspect: (event: InspectionEvent) => void = () => {},
): Subject {
  const clock = new SimulatedClock();
  let answer = 'silence';
  const provided = machine.provide({
    actors: { read: fromCallback(() => {}) },
    actions: {
      say: (_, { text }) => {
        answer = text;
      },
    },
  });
  const input = { socket: undefined as unknown as Socket };
  const actor = createActor(provided, { clock, inspect, input }).start();
  const state = () => actor.getSnapshot().value;
  const isIn = (wanted: string) => () => {
    if (state() !== wanted) throw new Error(`expected the state ${wanted}, got ${state()}`);
  };
  return {
    events: {
      'a piece': () => actor.send({ type: 'bytes.came' }),
      'a line': () => actor.send({ type: 'line.completed' }),
      vanish: () => actor.send({ type: 'client.left' }),
      'SILENCE_LIMIT passes': () => {
        clock.increment(SILENCE_LIMIT - 1);
        isIn('gathering')();
        clock.increment(2);
      },
    },
    states: Object.fromEntries(Object.keys(machine.states).map((name) => [name, isIn(name)])),
    rest: () => ({ answer }),
  };
}

/** `bytesRead`: how much the server has read of its last client. */
export function realLine({ events }: Path, socketPath: string, bytesRead: () => number): Subject {
  const socket = connect(socketPath);
  let answer = '';
  let sent = 0;
  let last = Date.now();
  const closed = new Promise((resolve) => socket.on('close', resolve));
  socket
    .on('error', () => {})
    .on('data', (piece) => {
      answer += piece;
    });
  const send = async (bytes: string) => {
    // A computer that has much else to do may make a silent client of this one.
    if (sent > 0 && Date.now() - last > SILENCE_LIMIT / 2) throw new TooSlow('too late');
    socket.write(bytes);
    last = Date.now();
    sent += bytes.length;
    // Else two pieces may arrive as one.
    while (bytesRead() < sent && !socket.destroyed) await setImmediate();
  };
  return {
    events: {
      'a piece': () => send('a'),
      'a line': () => send('\n'),
      vanish: () => socket.destroy(),
      'SILENCE_LIMIT passes': () => closed,
    },
    rest: async () => {
      if (events.length === 0) socket.destroy();
      await closed;
      return { answer: answer || 'silence' };
    },
    end: () => socket.destroy(),
  };
}
