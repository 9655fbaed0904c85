/** The record of who asked for what: one entry for each command accepted, refused or ended. */
import type { Peer } from './peer.ts';
import type { Accepted, Outcome } from './records.ts';
import type { Refusal, SecurityEvent } from './reply.ts';

export interface AuditEntry {
  readonly event: 'command.accepted' | 'command.refused' | 'command.ended';
  readonly at: Date;
  readonly command_id: string | null;
  readonly connection_id: string;
  readonly peer: Peer;
  readonly cmd: string | null;
  /** What the command touches, at most MAX_PATHS of it; `paths_left` counts the rest. */
  readonly paths: readonly string[];
  readonly paths_left: number;
  readonly schedule_count: number | null;
  readonly outcome: string;
  readonly reason: string | null;
  /** Milliseconds from acceptance to the end. */
  readonly duration_ms: number | null;
  readonly security: SecurityEvent | null;
}

/** One command may name 150,000; its row in `process` has them all. */
const MAX_PATHS = 1_000;

type Ended = Pick<AuditEntry, 'outcome' | 'reason' | 'duration_ms'>;

function ofCommand(accepted: Accepted, event: AuditEntry['event'], at: Date, ended: Ended): AuditEntry {
  const { commandId, connectionId, peer, type, touches, args } = accepted;
  const { schedule_count: count } = args;
  return {
    event,
    at,
    command_id: commandId,
    connection_id: connectionId,
    peer,
    cmd: type,
    paths: touches.slice(0, MAX_PATHS),
    paths_left: Math.max(0, touches.length - MAX_PATHS),
    schedule_count: typeof count === 'number' ? count : null,
    security: null,
    ...ended,
  };
}

export function acceptedEntry(accepted: Accepted): AuditEntry {
  const ended = { outcome: 'accepted', reason: null, duration_ms: null };
  return ofCommand(accepted, 'command.accepted', accepted.at, ended);
}

/** `why`: as the transition to the end has it. */
export function endedEntry(accepted: Accepted, outcome: Outcome, why: string | undefined): AuditEntry {
  return ofCommand(accepted, 'command.ended', outcome.at, {
    outcome: outcome.code === 0 ? 'succeeded' : 'failed',
    reason: why ?? null,
    duration_ms: outcome.at.getTime() - accepted.at.getTime(),
  });
}

export interface Refused {
  readonly at: Date;
  readonly connectionId: string;
  readonly peer: Peer;
  /** As far as it was understood. */
  readonly cmd: string | undefined;
  readonly refusal: Refusal;
}

export function refusedEntry({ at, connectionId, peer, cmd, refusal }: Refused): AuditEntry {
  return {
    event: 'command.refused',
    at,
    command_id: null,
    connection_id: connectionId,
    peer,
    cmd: cmd ?? null,
    paths: [],
    paths_left: 0,
    schedule_count: null,
    outcome: `refused ${refusal.code}`,
    reason: refusal.message,
    duration_ms: null,
    security: refusal.security ?? null,
  };
}
