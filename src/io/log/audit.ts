/** The audit: one entry for each command accepted, refused or ended, with its client. */
import type { Peer } from '../socket/peer.ts';
import type { Refusal, SecurityEvent } from '../socket/reply.ts';
import type { Accepted, Outcome } from '../store/records.ts';

/** The subject of a command. */
export interface Subject {
  /** The first of what it touches, as many as fit; `paths_left` counts the rest. */
  readonly paths: readonly string[];
  readonly paths_left: number;
  readonly schedule_count: number | null;
}

export interface AuditEntry extends Subject {
  readonly event: 'command.accepted' | 'command.refused' | 'command.ended';
  readonly at: Date;
  readonly command_id: string | null;
  readonly connection_id: string;
  readonly peer: Peer;
  readonly cmd: string | null;
  readonly outcome: string;
  readonly reason: string | null;
  /** Milliseconds from the complete request to its end or refusal. */
  readonly duration_ms: number | null;
  readonly security: SecurityEvent | null;
  /** How many like this one were left out since the last. */
  readonly repeated: number;
}

/** One command may name 150,000, or 1 MiB; its row in `process` has them all. */
const MAX_PATHS = 1_000;
const MAX_PATH_BYTES = 8 * 1024;

export function subjectOf(paths: readonly string[], scheduleCount: unknown): Subject {
  const kept: string[] = [];
  let room = MAX_PATH_BYTES;
  for (const path of paths.slice(0, MAX_PATHS)) {
    room -= Buffer.byteLength(JSON.stringify(path));
    if (room < 0) break;
    kept.push(path);
  }
  return {
    paths: kept,
    paths_left: paths.length - kept.length,
    schedule_count: typeof scheduleCount === 'number' ? scheduleCount : null,
  };
}

type Ended = Pick<AuditEntry, 'outcome' | 'reason' | 'duration_ms'>;

function ofCommand(accepted: Accepted, event: AuditEntry['event'], at: Date, ended: Ended): AuditEntry {
  const { commandId, connectionId, peer, type, touches, args } = accepted;
  return {
    event,
    at,
    command_id: commandId,
    connection_id: connectionId,
    peer,
    cmd: type,
    ...subjectOf(touches, args.schedule_count),
    security: null,
    repeated: 0,
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
  /** As far as they were understood. */
  readonly cmd: string | undefined;
  readonly subject: Subject;
  /** When the request was complete, if it ever was. */
  readonly completeAt: Date | undefined;
  readonly refusal: Refusal;
  readonly repeated: number;
}

export function refusedEntry(refused: Refused): AuditEntry {
  const { at, connectionId, peer, cmd, subject, completeAt, refusal, repeated } = refused;
  return {
    event: 'command.refused',
    at,
    command_id: null,
    connection_id: connectionId,
    peer,
    cmd: cmd ?? null,
    ...subject,
    outcome: `refused ${refusal.code}`,
    reason: refusal.message,
    duration_ms: completeAt ? at.getTime() - completeAt.getTime() : null,
    security: refusal.security ?? null,
    repeated,
  };
}
