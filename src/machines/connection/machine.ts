import { asDaemonError } from '../../errors.ts';
import { type Refusal, type Reply, refuseFor } from '../../io/socket/reply.ts';
import { summarise } from './context.ts';
import { connectionSetup } from './setup.ts';

/** One client: its request is read, checked, handed on and answered, once. */
export const connectionMachine = connectionSetup.createMachine({
  id: 'connection',
  description: 'One client: its request is read, checked, handed on and answered, once.',
  context: ({ input }) => ({
    ...input,
    progress: { bytes: 0, open: 0, inString: false },
    text: undefined,
    at: new Date(0),
    request: undefined,
    understood: undefined,
    plan: undefined,
    reply: undefined,
    waits: false,
    early: false,
    delivered: false,
  }),
  invoke: {
    src: 'readRequest',
    input: ({ context: { socket, holding, now } }) => ({ socket, room: holding, now }),
    onError: '.closed',
  },
  on: { 'peer.left': '.closed' },
  initial: 'arriving',
  states: {
    arriving: {
      description:
        'A client that is not permitted, or exceeds its rate limit, is refused before its request is read.',
      always: [
        { guard: 'isUnwelcome', target: 'replying', actions: 'refuseUnwelcome' },
        { target: 'reading' },
      ],
    },
    reading: {
      description: 'Bytes are read until the object is complete.',
      initial: 'silent',
      after: {
        REQUEST_LIMIT: [
          { guard: 'isWaiting', target: 'replying', actions: 'refuseCrowded' },
          { target: 'timeout' },
        ],
      },
      on: {
        'request.received': {
          target: '.receiving',
          actions: { type: 'keepProgress', params: ({ event }) => ({ progress: event.progress }) },
        },
        'request.completed': {
          target: 'parsing',
          actions: {
            type: 'keepText',
            params: ({ event }) => ({ text: event.text, at: event.at, early: false }),
          },
        },
        'request.strayed': {
          target: 'parsing',
          actions: {
            type: 'keepText',
            params: ({ event }) => ({ text: event.text, at: event.at, early: true }),
          },
        },
        'request.waiting': '.waiting',
        'request.oversized': { target: 'replying', actions: 'refuseOversized' },
        'request.halted': 'timeout',
      },
      states: {
        silent: {
          description: 'No byte was received yet; a slow client has more time for the first one.',
          on: { 'daemon.draining': 'hurried' },
          after: { FIRST_BYTE_LIMIT: 'doubting' },
        },
        hurried: {
          description:
            'The daemon drains: a client that has begun to send is served, an idle connection is closed.',
          after: { SILENCE_LIMIT: 'doubting' },
        },
        receiving: {
          description: 'A part was received; the next one must follow soon.',
          after: { SILENCE_LIMIT: 'doubting' },
        },
        doubting: {
          description:
            'A timer may fire before bytes in the kernel buffer are read, so the socket is read once more.',
          after: { LAST_LOOK: '#connection.timeout' },
        },
        waiting: {
          description:
            'The socket is paused: other requests hold the memory, or a large one waits for its turn to be read or checked.',
          entry: { type: 'keepWaits', params: { waits: true } },
          exit: { type: 'keepWaits', params: { waits: false } },
          after: { ROOM_LIMIT: { target: '#connection.replying', actions: 'refuseCrowded' } },
        },
      },
    },
    timeout: {
      description: 'The request is not complete in time, or the client half-closed the connection.',
      always: [
        { guard: 'nothingCame', target: 'closed' },
        { target: 'replying', actions: 'refuseIncomplete' },
      ],
    },
    parsing: {
      description: 'From bytes to a JSON object.',
      entry: 'parse',
      always: [{ guard: 'isRefused', target: 'replying' }, { target: 'validating' }],
    },
    validating: {
      description: 'From an object to the frozen plan of a whitelisted command.',
      entry: 'plan',
      always: [{ guard: 'isRefused', target: 'replying' }, { target: 'permitting' }],
    },
    permitting: {
      description:
        "The paths that the plan would delete are checked on disk: symlinks, mounts, the daemon's own files.",
      invoke: {
        src: 'checkPlaces',
        input: ({ context: { plan, settings, nextSlice } }) => ({
          step: plan?.step,
          roots: settings.deletionRoots,
          unsafeRoots: settings.unsafeRoots,
          ownFiles: settings.ownFiles,
          nextSlice,
        }),
        onDone: [
          {
            guard: 'isForbidden',
            target: 'replying',
            actions: { type: 'reply', params: ({ event }) => ({ reply: event.output as Refusal }) },
          },
          { target: 'accepting' },
        ],
        onError: {
          target: 'replying',
          actions: {
            type: 'reply',
            params: ({ event }) => ({ reply: refuseFor(500, asDaemonError(event.error)) }),
          },
        },
      },
      after: { CHECK_LIMIT: { target: 'replying', actions: 'refuseUnchecked' } },
    },
    accepting: {
      description: 'Waits until the process reports that its row is on disk.',
      entry: 'requestProcess',
      after: { ACCEPT_LIMIT: { target: 'replying', actions: 'refuseUnrecorded' } },
      on: {
        'process.recorded': {
          target: 'replying',
          actions: { type: 'reply', params: ({ event }) => ({ reply: { code: 202, id: event.commandId } }) },
        },
        'process.refused': {
          target: 'replying',
          actions: { type: 'reply', params: ({ event }) => ({ reply: event.refusal }) },
        },
      },
    },
    replying: {
      description: 'The reply is being sent.',
      entry: 'leaveQueue',
      on: { 'peer.left': { target: 'closed', actions: 'judgeDelivered' } },
      invoke: {
        src: 'writeReply',
        input: ({ context }) => ({
          socket: context.socket,
          reply: context.reply as Reply,
          linger: context.early,
        }),
        onDone: { target: 'closed', actions: { type: 'keepDelivered', params: ({ event }) => event } },
        onError: 'closed',
      },
      after: { REPLY_PATIENCE: { target: 'closed', actions: 'judgeDelivered' } },
    },
    closed: { type: 'final', description: 'Nothing is left of it.', entry: 'destroySocket' },
  },
  output: ({ context }) => ({
    id: context.id,
    peer: context.peer,
    ...summarise(context),
    completeAt: context.text && context.at,
    bytes: context.progress.bytes,
    text: context.text,
    reply: context.reply,
    delivered: context.delivered,
  }),
});
