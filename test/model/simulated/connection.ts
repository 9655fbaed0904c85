/** The connection machine as a subject: its actors are provided, its clock is simulated. */
import type { InspectionEvent } from 'xstate';
import { refuse } from '../../../src/io/socket/reply.ts';
import { lonelyConnection } from '../../support/connection.ts';
import type { Path } from '../driver/paths.ts';
import type { Sight, Subject } from '../driver/walk.ts';
import { expectedOf } from '../oracles/connection.ts';
import { LIMITS, type Limit } from '../oracles/limits.ts';
import { FORBIDDEN, STRANGER, TEXTS } from '../vocabularies/connection.ts';
import { check, pass } from './clock.ts';

const turn = () => new Promise(setImmediate);

export function simulatedConnection(path: Path, inspect: (event: InspectionEvent) => void): Subject {
  const client = lonelyConnection(path.start === 'a stranger' ? STRANGER : undefined, inspect);
  const { actor, clock, wrote, places } = client;
  let bytes = 0;
  let walked = 0;
  const piece = () => client.receives(++bytes);
  const waitForRoom = () => client.tell({ type: 'request.waiting' });
  const passes = (limit: Limit) => () => pass(client, limit);
  const drip = () => {
    const pause = LIMITS.SILENCE_LIMIT / 2;
    const isWaiting = client.state() === 'reading:waiting';
    while (clock.now() + pause < LIMITS.REQUEST_LIMIT) {
      clock.increment(pause);
      piece();
    }
    if (isWaiting) waitForRoom();
    pass(client, 'REQUEST_LIMIT', clock.now());
  };
  const settles = (settle: () => void) => () => {
    settle();
    return turn();
  };
  const events: Record<string, () => unknown> = {
    'a piece': piece,
    'a good request': () => client.completes(TEXTS['a good request']),
    'broken JSON': () => client.completes(TEXTS['broken JSON']),
    'an unknown command': () => client.completes(TEXTS['an unknown command']),
    junk: () => client.tell({ type: 'request.strayed', text: Buffer.from('x'), at: new Date(0) }),
    'too much': () => client.tell({ type: 'request.oversized' }),
    'half-close': () => client.tell({ type: 'request.halted' }),
    'no room': waitForRoom,
    vanish: () => client.tell({ type: 'peer.left' }),
    'the daemon drains': () => actor.send({ type: 'daemon.draining' }),
    'FIRST_BYTE_LIMIT passes': passes('FIRST_BYTE_LIMIT'),
    'SILENCE_LIMIT passes': passes('SILENCE_LIMIT'),
    'REQUEST_LIMIT passes': drip,
    'LAST_LOOK passes': passes('LAST_LOOK'),
    'ROOM_LIMIT passes': passes('ROOM_LIMIT'),
    'CHECK_LIMIT passes': passes('CHECK_LIMIT'),
    'ACCEPT_LIMIT passes': passes('ACCEPT_LIMIT'),
    'REPLY_PATIENCE passes': () => {
      const { early } = expectedOf(path.start, path.events.slice(0, walked - 1));
      pass(client, early ? 'LINGER_LIMIT' : 'REPLY_LIMIT');
    },
    allowed: settles(() => places.resolve(undefined)),
    forbidden: settles(() => places.resolve(FORBIDDEN)),
    'the look fails': settles(() => places.reject(new Error('EIO'))),
    'on record': () => actor.send({ type: 'process.recorded', commandId: 'u' }),
    refused: () => actor.send({ type: 'process.refused', refusal: refuse(503, 'full') }),
    sent: settles(() => wrote.resolve(true)),
    'sent to nobody': settles(() => wrote.resolve(false)),
    'cannot be sent': settles(() => wrote.reject(new Error('EPIPE'))),
    // A reader has no failure of its own.
    'the reader fails': () =>
      actor.send({ type: 'xstate.error.actor.0.connection', error: new Error('EIO') } as never),
  };
  const counted = Object.entries(events).map(([word, happen]) => {
    const count = () => {
      walked++;
      return happen();
    };
    return [word, count] as const;
  });
  const states = path.states.map((state) => [state, () => check(state, client.state())] as const);
  return {
    events: Object.fromEntries(counted),
    states: Object.fromEntries(states),
    rest: () => see(client),
    end: () => actor.stop(),
  };
}

function see(client: ReturnType<typeof lonelyConnection>): Sight {
  const [first, ...more] = client.replies;
  const snapshot = client.actor.getSnapshot();
  const reply = first ? `a ${first.reply.code}` : 'silence';
  const closed = snapshot.status === 'done' && client.destroyed() === 1;
  return {
    reply: more.length > 0 ? 'more than one reply' : reply,
    request: ['no request handed on', 'a request handed on'][client.requests.length] ?? 'several requests',
    connection: closed ? 'the connection closed' : 'the connection open',
    delivery: snapshot.output?.delivered ? 'a reply that got through' : 'no reply that got through',
  };
}
