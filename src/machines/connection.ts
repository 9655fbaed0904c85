import type { Socket } from 'node:net';
import { assign, sendTo, setup } from 'xstate';
import type { Answer, Listener, ProcessRequested } from '../actors/messages.ts';
import { type RequestEvent, readRequest } from '../actors/read-request.ts';
import { writeReply } from '../actors/write-reply.ts';
import type { Command, CommandSettings, Plan } from '../commands/command.ts';
import { parseRequest, planRequest, type Request } from '../commands/request.ts';
import { DaemonError } from '../errors.ts';
import type { Progress } from '../io/framing.ts';
import { type Refusal, type Reply, refuse } from '../io/reply.ts';

/** Milliseconds; each is a named delay of the machine. */
export const CONNECTION_LIMITS = {
  FIRST_BYTE_LIMIT: 5_000,
  SILENCE_LIMIT: 200,
  REQUEST_LIMIT: 10_000,
  /** Longer than the store's patience with a lock: a belt, not a way. */
  ACCEPT_LIMIT: 10_000,
  REPLY_LIMIT: 5_000,
  LINGER_LIMIT: 1_000,
  /** Time for one look at what the kernel holds. */
  LAST_LOOK: 10,
} as const;

export interface ConnectionInput {
  readonly id: string;
  readonly socket: Socket;
  readonly now: () => Date;
  readonly whitelist: readonly Command[];
  readonly settings: CommandSettings;
  readonly processes: Listener<ProcessRequested>;
}

interface ConnectionContext extends ConnectionInput {
  readonly progress: Progress;
  /** What came, once it is complete or cannot become so. */
  readonly text: Buffer | undefined;
  readonly at: Date;
  readonly request: Request | undefined;
  readonly plan: Plan | undefined;
  readonly reply: Reply | undefined;
  /** True where the client may still be sending when it is answered. */
  readonly early: boolean;
  /** True once the reply was taken by a client that is still there. */
  readonly delivered: boolean;
}

type ConnectionEvent = RequestEvent | Answer | { readonly type: 'daemon.draining' };

/** How a connection ended; the reason of a refusal stands in its message. */
export interface ConnectionOutput {
  readonly id: string;
  readonly bytes: number;
  readonly reply: Reply | undefined;
  readonly delivered: boolean;
}

/** What was missing when a request stopped before its end. */
export function describeMissing({ bytes, open, inString }: Progress): string {
  const where = inString ? 'inside a string' : `with ${open} ${open === 1 ? 'bracket' : 'brackets'} open`;
  return `Invalid JSON: the request ended after ${bytes} bytes, ${open === 0 ? 'before the object began' : where}`;
}

const refused = (reply: Refusal) => ({ reply });

/** One client: its request is read, checked, handed on and answered, once. */
export const connectionMachine = setup({
  types: {
    input: {} as ConnectionInput,
    context: {} as ConnectionContext,
    events: {} as ConnectionEvent,
    output: {} as ConnectionOutput,
  },
  actors: { readRequest, writeReply },
  actions: {
    keepProgress: assign((_, params: { progress: Progress }) => ({ progress: params.progress })),
    keepText: assign(({ context }, params: { text: Buffer; at: Date; early: boolean }) => ({
      ...params,
      progress: { ...context.progress, bytes: params.text.length },
    })),
    parse: assign(({ context }) => {
      const outcome = parseRequest(context.text as Buffer);
      return 'ok' in outcome ? { request: outcome.ok } : refused(outcome.refusal);
    }),
    plan: assign(({ context: { request, whitelist, settings, at, id } }) => {
      const outcome = planRequest(request as Request, whitelist, settings, { at, id });
      return 'ok' in outcome ? { plan: outcome.ok, request: undefined } : refused(outcome.refusal);
    }),
    requestProcess: sendTo(
      ({ context }) => context.processes,
      ({ context, self }): ProcessRequested => ({
        type: 'process.requested',
        plan: context.plan as Plan,
        request: String(context.text),
        at: context.at,
        connectionId: context.id,
        client: self,
      }),
    ),
    refuseIncomplete: assign(({ context }) => ({
      ...refused(refuse(400, describeMissing(context.progress))),
      early: true,
    })),
    refuseOversized: assign({ reply: refuse(400, 'Message too large'), early: true }),
    refuseUnrecorded: assign({ reply: refuse(503, new DaemonError('ACCEPT_TOO_SLOW').message) }),
    reply: assign((_, params: { reply: Reply }) => ({ reply: params.reply })),
    keepDelivered: assign((_, params: { output: boolean }) => ({ delivered: params.output })),
    // Who is lingered for has his reply and keeps his side open; else it is the reply that does not get through.
    judgeDelivered: assign(({ context }) => ({ delivered: context.early })),
    destroySocket: ({ context }) => {
      context.socket.destroy();
    },
  },
  guards: {
    nothingCame: ({ context }) => context.progress.bytes === 0,
    isRefused: ({ context }) => context.reply !== undefined,
  },
  delays: {
    ...CONNECTION_LIMITS,
    REPLY_PATIENCE: ({ context }) =>
      context.early ? CONNECTION_LIMITS.LINGER_LIMIT : CONNECTION_LIMITS.REPLY_LIMIT,
  },
}).createMachine({
  id: 'connection',
  description: 'One client: its request is read, checked, handed on and answered, once.',
  context: ({ input }) => ({
    ...input,
    progress: { bytes: 0, open: 0, inString: false },
    text: undefined,
    at: new Date(0),
    request: undefined,
    plan: undefined,
    reply: undefined,
    early: false,
    delivered: false,
  }),
  invoke: {
    src: 'readRequest',
    input: ({ context: { socket, now } }) => ({ socket, now }),
    onError: '.closed',
  },
  on: { 'peer.left': '.closed' },
  initial: 'reading',
  states: {
    reading: {
      description: 'Bytes are gathered until the object is complete.',
      initial: 'silent',
      after: { REQUEST_LIMIT: 'timeout' },
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
      always: [{ guard: 'isRefused', target: 'replying' }, { target: 'accepting' }],
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
  output: ({ context: { id, progress, reply, delivered } }) => ({
    id,
    bytes: progress.bytes,
    reply,
    delivered,
  }),
});
