/** The journal's record of a command without an end, checked when it is read. */

import type { ProcessIdentity } from '../child/identity.ts';
import { isId } from '../fs/names.ts';
import type { Peer } from '../socket/peer.ts';
import type { Unsettled } from './records.ts';

export interface UnsettledRow {
  readonly process_id: number;
  readonly command_id: string;
  readonly connection_id: string;
  readonly peer: string;
  readonly request: string;
  readonly accepted_at: string;
  readonly state: string;
  readonly tries: number;
  readonly pid: number | null;
  readonly pid_start: string | null;
  readonly boot_id: string | null;
  readonly type: string;
  readonly command: string;
}

/** A damaged journal must not keep the daemon from starting, nor make it do anything else than what its rows say. */
export function unsettledFrom(row: UnsettledRow): Unsettled {
  const acceptedAt = new Date(row.accepted_at);
  return {
    processId: row.process_id,
    commandId: row.command_id,
    connectionId: isId(row.connection_id) ? row.connection_id : 'unknown',
    peer: peerFrom(row.peer),
    request: row.request,
    // A command without a time is as old as can be.
    acceptedAt: Number.isNaN(acceptedAt.getTime()) ? new Date(0) : acceptedAt,
    state: row.state === 'running' ? 'running' : 'pending',
    tries: Number.isSafeInteger(row.tries) ? Math.max(0, row.tries) : 0,
    child: childFrom(row),
    type: row.type,
    command: row.command,
  };
}

function childFrom({ pid, pid_start: start, boot_id: bootId }: UnsettledRow): ProcessIdentity | undefined {
  if (pid === null || !Number.isSafeInteger(pid) || pid <= 1 || start === null || bootId === null)
    return undefined;
  return { pid, start, bootId };
}

function peerFrom(text: string): Peer {
  try {
    const { pid, uid, gid } = JSON.parse(text) as Record<string, unknown>;
    if (isNumber(pid) && isNumber(uid) && isNumber(gid)) return { known: true, pid, uid, gid };
  } catch {
    // As below.
  }
  return { known: false, why: 'the record does not tell' };
}

const isNumber = (value: unknown): value is number => Number.isSafeInteger(value);
