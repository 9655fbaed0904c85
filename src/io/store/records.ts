/** What the database keeps of a command. */

import type { ProcessIdentity } from '../child/identity.ts';
import type { Peer } from '../socket/peer.ts';

export interface Accepted {
  readonly commandId: string;
  readonly connectionId: string;
  readonly peer: Peer;
  readonly type: string;
  readonly command: string;
  readonly args: Readonly<Record<string, unknown>>;
  /** The paths that it changes. */
  readonly touches: readonly string[];
  /** The request as JSON: a restart plans it again, by the same checks. */
  readonly request: string;
  readonly at: Date;
}

/** How a process ended. `code`: the exit code, -1 where there is none. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly at: Date;
}

/** One step of a process machine, as the table of transitions keeps it. */
export interface Transition {
  readonly processId: number;
  readonly commandId: string;
  readonly from: string | null;
  readonly to: string;
  readonly event: string;
  readonly at: Date;
  readonly why?: string | undefined;
}

/** A command that the last daemon left without an end. */
export interface Unsettled {
  readonly processId: number;
  readonly commandId: string;
  readonly connectionId: string;
  readonly peer: Peer;
  readonly request: string;
  readonly acceptedAt: Date;
  readonly state: 'pending' | 'running';
  /** How many daemons have tried to recover it and did not come to listen. */
  readonly tries: number;
  /** The child that was started last, where that was still written. */
  readonly child: ProcessIdentity | undefined;
  readonly type: string;
  readonly command: string;
}

/** What the process table tells of a command: its argv as one text, and its arguments as JSON. */
export interface CommandText {
  readonly command: string;
  readonly args: string;
}

/** How long transitions are kept: those that are older, or more than `maxCount`, go. */
export interface Retention {
  readonly maxAgeMs: number;
  readonly maxCount: number;
}
