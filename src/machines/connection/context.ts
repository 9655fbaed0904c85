import type { Socket } from 'node:net';
import type { RequestEvent } from '../../actors/connection/read-request.ts';
import type { Holding } from '../../actors/fairness/request-budget.ts';
import type { Answer, ConnectionEnded, Listener, ProcessRequested } from '../../actors/messages.ts';
import type { Command, CommandSettings, Plan } from '../../commands/command.ts';
import type { Request } from '../../commands/request.ts';
import { type Subject, subjectOf } from '../../io/log/audit.ts';
import type { Progress } from '../../io/socket/framing.ts';
import type { Peer } from '../../io/socket/peer.ts';
import type { Refusal, Reply } from '../../io/socket/reply.ts';

/** Milliseconds; each is a named delay of the machine. */
export const CONNECTION_LIMITS = {
  FIRST_BYTE_LIMIT: 5_000,
  SILENCE_LIMIT: 200,
  REQUEST_LIMIT: 10_000,
  /** Less than the 5 s that the Python client waits for its reply. */
  ROOM_LIMIT: 4_000,
  CHECK_LIMIT: 5_000,
  /** Longer than the store waits for a lock, so normally it does not expire. */
  ACCEPT_LIMIT: 10_000,
  REPLY_LIMIT: 5_000,
  LINGER_LIMIT: 1_000,
  /** Time for one read of the kernel buffer. */
  LAST_LOOK: 10,
} as const;

/** Characters of an unknown command's name that are kept. */
const MAX_COMMAND_NAME = 100;

export interface ConnectionInput {
  readonly id: string;
  readonly socket: Socket;
  readonly peer: Peer;
  /** Why this peer is refused before its request is read; undefined if it is not. */
  readonly objection: Refusal | undefined;
  readonly now: () => Date;
  readonly whitelist: readonly Command[];
  readonly settings: CommandSettings;
  readonly processes: Listener<ProcessRequested>;
  /** The memory that the request takes. */
  readonly holding: Holding;
  /** Resolves when a long check may go on; others have their turn before. */
  readonly nextSlice: () => Promise<void>;
}

export interface ConnectionContext extends ConnectionInput {
  readonly progress: Progress;
  /** The received bytes, once the request is complete or cannot become complete. */
  readonly text: Buffer | undefined;
  readonly at: Date;
  readonly request: Request | undefined;
  /** The summary of a request without a plan: a parsed request may take much more memory than its text, and is not kept. */
  readonly understood: Understood | undefined;
  readonly plan: Plan | undefined;
  readonly reply: Reply | undefined;
  /** True while there is no room for the request. */
  readonly waits: boolean;
  /** True where the client may still be sending when it is answered. */
  readonly early: boolean;
  /** True once the reply was taken by a client that is still there. */
  readonly delivered: boolean;
}

/** The command and what it is about, as far as they were understood. */
export interface Understood {
  readonly cmd: string | undefined;
  readonly subject: Subject;
}

export type ConnectionEvent = RequestEvent | Answer | { readonly type: 'daemon.draining' };

/** How a connection ended; the reason of a refusal stands in its message. */
export type ConnectionOutput = Omit<ConnectionEnded, 'type'>;

export function understand({ cmd, args }: Request): Understood {
  const { path, folders, schedules } = (args ?? {}) as Record<string, unknown>;
  const paths = [path, ...(Array.isArray(folders) ? folders : [])].filter((one) => typeof one === 'string');
  return {
    cmd: typeof cmd === 'string' ? cmd.slice(0, MAX_COMMAND_NAME) : undefined,
    subject: subjectOf(paths, Array.isArray(schedules) ? schedules.length : null),
  };
}

export function summarise({ plan, understood }: ConnectionContext): Understood {
  if (plan) return { cmd: plan.type, subject: subjectOf(plan.touches, plan.args.schedule_count) };
  return understood ?? { cmd: undefined, subject: subjectOf([], null) };
}

/** Returns what an incomplete request lacks. */
export function describeMissing({ bytes, open, inString }: Progress): string {
  const where = inString ? 'inside a string' : `with ${open} ${open === 1 ? 'bracket' : 'brackets'} open`;
  return `Invalid JSON: the request ended after ${bytes} bytes, ${open === 0 ? 'before the object began' : where}`;
}
