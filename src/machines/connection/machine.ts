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
      description: 'Who may not ask, or asks too often, is not heard.',
      always: [
        { guard: 'isUnwelcome', target: 'replying', actions: 'refuseUnwelcome' },
        { target: 'reading' },
      ],
    },
    reading: {
      description: 'Bytes are gathered until the object is complete.',
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
          description: 'Nothing came yet; a slow client may take its time to begin.',
          on: { 'daemon.draining': 'hurried' },
          after: { FIRST_BYTE_LIMIT: 'doubting' },
        },
        hurried: {
          description: 'The daemon drains: who has begun to send is heard, who only holds the line is not.',
          after: { SILENCE_LIMIT: 'doubting' },
        },
        receiving: {
          description: 'Something came; the next piece must follow soon.',
          after: { SILENCE_LIMIT: 'doubting' },
        },
        doubting: {
          description:
            'A busy daemon hears its clock before its clients: what the kernel holds is read first.',
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
      description: 'No more is to be expected: silence, slowness, or the client closed its side.',
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
        "What the plan would delete is looked at on the disk: symlinks, mounts, the daemon's own files.",
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
      description: "Waits for the process's word that its row is on disk.",
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
      description: 'The one reply is on its way.',
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
