/** The events of the connection machine, in the words of the oracle. */
import type { AnyMachineSnapshot } from 'xstate';
import type { Answer } from '../../../src/actors/messages.ts';
import { DaemonError } from '../../../src/errors.ts';
import { refuse } from '../../../src/io/socket/reply.ts';
import type { ConnectionContext } from '../../../src/machines/connection/context.ts';
import { connectionMachine } from '../../../src/machines/connection/machine.ts';
import { connectionInput } from '../../support/connection.ts';
import { after, done, failed } from '../driver/events.ts';
import type { Vocabulary } from '../driver/paths.ts';

export const FORBIDDEN = refuse(403, 'Cannot delete /r/b1', 'symlink.met');
export const STRANGER = refuse(403, 'this peer may not ask', 'peer.refused');
export const TEXTS = {
  'a good request': '{"cmd":"delete_directory","args":{"path":"/r/b1"}}',
  'broken JSON': '{]}',
  'an unknown command': '{"cmd":"x"}',
} as const;

const AT = new Date(0);
const contextOf = (snapshot: AnyMachineSnapshot) => snapshot.context as ConnectionContext;
const completed = (text: string) => () => ({
  type: 'request.completed',
  text: Buffer.from(text),
  at: AT,
});
const passes =
  (delay: string, ...states: string[]) =>
  (snapshot: AnyMachineSnapshot) =>
    after(snapshot, delay, ...states);

export const connectionVocabulary: Vocabulary = {
  machine: connectionMachine,
  starts: { 'a client': connectionInput(), 'a stranger': connectionInput(STRANGER) },
  events: {
    'a piece': (snapshot) => ({
      type: 'request.received',
      progress: { bytes: contextOf(snapshot).progress.bytes + 1, open: 1, inString: false },
    }),
    'a good request': completed(TEXTS['a good request']),
    'broken JSON': completed(TEXTS['broken JSON']),
    'an unknown command': completed(TEXTS['an unknown command']),
    junk: () => ({ type: 'request.strayed', text: Buffer.from('x'), at: AT }),
    'too much': () => ({ type: 'request.oversized' }),
    'half-close': () => ({ type: 'request.halted' }),
    'no room': () => ({ type: 'request.waiting' }),
    vanish: () => ({ type: 'peer.left' }),
    'the daemon drains': () => ({ type: 'daemon.draining' }),
    'FIRST_BYTE_LIMIT passes': passes('FIRST_BYTE_LIMIT', 'reading.silent'),
    'SILENCE_LIMIT passes': passes('SILENCE_LIMIT', 'reading.hurried', 'reading.receiving'),
    // In the other states another limit passes first.
    'REQUEST_LIMIT passes': passes('REQUEST_LIMIT', 'reading.receiving', 'reading.waiting'),
    'LAST_LOOK passes': passes('LAST_LOOK', 'reading.doubting'),
    'ROOM_LIMIT passes': passes('ROOM_LIMIT', 'reading.waiting'),
    'CHECK_LIMIT passes': passes('CHECK_LIMIT', 'permitting'),
    'ACCEPT_LIMIT passes': passes('ACCEPT_LIMIT', 'accepting'),
    'REPLY_PATIENCE passes': passes('REPLY_PATIENCE', 'replying'),
    allowed: (snapshot) => done(snapshot, 'checkPlaces'),
    forbidden: (snapshot) => done(snapshot, 'checkPlaces', FORBIDDEN),
    'the look fails': (snapshot) => failed(snapshot, 'checkPlaces', new Error('EIO')),
    'on record': (snapshot) => answer(snapshot, { type: 'process.recorded', commandId: 'u' }),
    refused: (snapshot) =>
      answer(snapshot, {
        type: 'process.refused',
        refusal: refuse(503, new DaemonError('STORE_UNAVAILABLE').message),
      }),
    sent: (snapshot) => done(snapshot, 'writeReply', true),
    'sent to nobody': (snapshot) => done(snapshot, 'writeReply', false),
    'cannot be sent': (snapshot) => failed(snapshot, 'writeReply', new Error('EPIPE')),
    'the reader fails': (snapshot) => failed(snapshot, 'readRequest', new Error('EIO')),
  },
  distinguish: (snapshot) => {
    const { progress, reply, early } = contextOf(snapshot);
    return [progress.bytes > 0, reply?.code, early];
  },
};

/** A client that has sent a request may be answered at any time, also too late. */
function answer(snapshot: AnyMachineSnapshot, event: Answer) {
  return contextOf(snapshot).plan ? event : undefined;
}
