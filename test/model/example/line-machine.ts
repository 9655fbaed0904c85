/** A daemon of one machine: a client sends a line, in pieces if it likes, and is told `ok`. */
import type { Socket } from 'node:net';
import { type EventObject, fromCallback, setup } from 'xstate';

type LineEvent = { type: 'bytes.came' } | { type: 'line.completed' } | { type: 'client.left' };

const read = fromCallback<EventObject, { socket: Socket }>(({ input: { socket }, sendBack }) => {
  socket.on('data', (piece) => sendBack({ type: piece.includes('\n') ? 'line.completed' : 'bytes.came' }));
  socket.on('error', () => {}).on('close', () => sendBack({ type: 'client.left' }));
});

export const lineSetup = setup({
  types: { input: {} as { socket: Socket }, context: {} as { socket: Socket }, events: {} as LineEvent },
  actors: { read },
  actions: { say: ({ context }, { text }: { text: string }) => void context.socket.end(text) },
  delays: { SILENCE_LIMIT: 200 },
});

export const lineMachine = lineSetup.createMachine({
  id: 'line',
  context: ({ input }) => input,
  invoke: { src: 'read', input: ({ context }) => context },
  on: { 'client.left': '.closed' },
  initial: 'waiting',
  states: {
    waiting: { on: { 'bytes.came': 'gathering', 'line.completed': 'answered' } },
    gathering: {
      on: { 'bytes.came': { target: 'gathering', reenter: true }, 'line.completed': 'answered' },
      after: { SILENCE_LIMIT: 'refused' },
    },
    answered: { type: 'final', entry: { type: 'say', params: { text: 'ok' } } },
    refused: { type: 'final', entry: { type: 'say', params: { text: 'too slow' } } },
    closed: { type: 'final' },
  },
});
