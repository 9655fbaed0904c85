import type Database from 'better-sqlite3';
import { type AuditEntry, acceptedEntry, endedEntry } from './audit.ts';
import type { Peer } from './peer.ts';
import type { ProcessIdentity } from './process-identity.ts';
import type { Accepted, Outcome, Retention, Transition, Unsettled } from './records.ts';
import { timestamp } from './timestamp.ts';

/** So often (transitions and audit entries) old ones are looked for, and so many are removed then: faster than they come. */
const PRUNE_EVERY = 100;
const PRUNE_BATCH = 1_000;

/** The statements, each a synchronous write within a transaction of the caller's. */
export type Tables = ReturnType<typeof tablesOf>;

export function tablesOf(database: Database.Database, retention: Retention) {
  const insert = database.prepare(
    `INSERT INTO process (command_id, command, pid, status, start_time, type, args)
     VALUES (?, ?, 0, 'running', ?, ?, ?)`,
  );
  const open = database.prepare(
    `INSERT OR REPLACE INTO cmd_unsettled (process_id, command_id, connection_id, peer, request, accepted_at, state)
     VALUES (?, ?, ?, ?, ?, ?, 'pending')`,
  );
  // By both ids: in a database that was replaced the number may be another's.
  const pid = database.prepare('UPDATE process SET pid = ? WHERE id = ? AND command_id = ?');
  const finish = database.prepare(
    `UPDATE process SET status = ?, output = ?, error = ?, return_code = ?, end_time = ?
     WHERE id = ? AND command_id = ?`,
  );
  const identify = database.prepare(
    'UPDATE cmd_unsettled SET pid = ?, pid_start = ?, boot_id = ? WHERE process_id = ? AND command_id = ?',
  );
  const begin = database.prepare(
    "UPDATE cmd_unsettled SET state = 'running', tries = 0 WHERE process_id = ? AND command_id = ?",
  );
  const attempt = database.prepare(
    'UPDATE cmd_unsettled SET tries = tries + 1 WHERE process_id = ? AND command_id = ?',
  );
  const trust = database.prepare('UPDATE cmd_unsettled SET tries = 0 WHERE process_id = ?');
  const settle = database.prepare('DELETE FROM cmd_unsettled WHERE process_id = ? AND command_id = ?');
  const unsettled = database.prepare(
    `SELECT u.*, coalesce(p.type, '') AS type, coalesce(p.command, '') AS command
     FROM cmd_unsettled u LEFT JOIN process p ON p.id = u.process_id AND p.command_id = u.command_id
     ORDER BY u.process_id`,
  );
  const step = database.prepare(
    `INSERT INTO cmd_transition (process_id, command_id, from_state, to_state, event, at, why)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
  );
  // Ids ascend with time: only the oldest are looked at, however many there are.
  const prunings = ['cmd_transition', 'cmd_audit'].map((table) =>
    database.prepare(
      `DELETE FROM ${table} WHERE id IN (
         SELECT id FROM (SELECT id, at FROM ${table} ORDER BY id LIMIT ${PRUNE_BATCH})
         WHERE at < ? OR id <= (SELECT max(id) FROM ${table}) - ?)`,
    ),
  );
  const insertAudit = database.prepare(
    `INSERT INTO cmd_audit (at, event, command_id, connection_id, pid, uid, gid, cmd, paths, paths_left,
       schedule_count, outcome, reason, duration_ms, security, repeated)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  let untilPruning = 1;

  const prune = (now: Date): void => {
    if (--untilPruning > 0) return;
    untilPruning = PRUNE_EVERY;
    const oldest = timestamp(new Date(now.getTime() - retention.maxAgeMs));
    for (const pruning of prunings) pruning.run(oldest, retention.maxCount);
  };
  const audit = (entry: AuditEntry): void => {
    const { peer } = entry;
    const who = peer.known ? [peer.pid, peer.uid, peer.gid] : [null, null, null];
    const what = [entry.cmd, JSON.stringify(entry.paths), entry.paths_left, entry.schedule_count];
    const end = [entry.outcome, entry.reason, entry.duration_ms, entry.security, entry.repeated];
    insertAudit.run(
      timestamp(entry.at),
      entry.event,
      entry.command_id,
      entry.connection_id,
      ...who,
      ...what,
      ...end,
    );
    prune(entry.at);
  };
  const transition = ({ processId, commandId, from, to, event, at, why }: Transition): void => {
    step.run(processId, commandId, from, to, event, timestamp(at), why ?? null);
    prune(at);
  };
  const record = ({ commandId, command, type, args, at }: Accepted): number =>
    Number(insert.run(commandId, command, timestamp(at), type, JSON.stringify(args)).lastInsertRowid);

  return {
    accept(accepted: Accepted): number {
      const { commandId, connectionId, peer, request, at } = accepted;
      const processId = record(accepted);
      open.run(processId, commandId, connectionId, JSON.stringify(peer), request, at.toISOString());
      transition({ processId, commandId, from: null, to: 'pending', event: 'process.requested', at });
      audit(acceptedEntry(accepted));
      return processId;
    },
    start(started: Transition): void {
      begin.run(started.processId, started.commandId);
      transition(started);
    },
    spawned(processId: number, commandId: string, child: ProcessIdentity): void {
      pid.run(child.pid, processId, commandId);
      identify.run(child.pid, child.start, child.bootId, processId, commandId);
    },
    audit,
    end(last: Transition, outcome: Outcome, accepted: Accepted): void {
      const { code, stdout, stderr, at } = outcome;
      const { output, error } = columns(code, stdout, stderr);
      const values = [code === 0 ? 'success' : 'failed', output, error, code, timestamp(at)];
      let { processId } = last;
      const { commandId } = last;
      if (finish.run(...values, processId, commandId).changes === 0) {
        // Its row is gone with a database that was replaced: its end is on record all the same.
        processId = record(accepted);
        finish.run(...values, processId, commandId);
      }
      settle.run(last.processId, commandId);
      transition({ ...last, processId });
      audit(endedEntry(accepted, outcome, last.why));
    },
    recover(recovered: Transition): void {
      attempt.run(recovered.processId, recovered.commandId);
      transition(recovered);
    },
    /** The number that stands in the file's header is written there again. */
    probe(): void {
      database.pragma(`user_version = ${database.pragma('user_version', { simple: true })}`);
    },
    trust(processIds: readonly number[]): void {
      for (const processId of processIds) trust.run(processId);
    },
    unsettled: (): Unsettled[] => (unsettled.all() as UnsettledRow[]).map(fromRow),
  };
}

interface UnsettledRow {
  process_id: number;
  command_id: string;
  connection_id: string;
  peer: string;
  request: string;
  accepted_at: string;
  state: string;
  tries: number;
  pid: number | null;
  pid_start: string | null;
  boot_id: string | null;
  type: string;
  command: string;
}

/** The database is shared: a row that another has spoilt must not keep the daemon from starting. */
function fromRow(row: UnsettledRow): Unsettled {
  const { pid, pid_start: start, boot_id: bootId } = row;
  const acceptedAt = new Date(String(row.accepted_at));
  return {
    processId: row.process_id,
    commandId: String(row.command_id),
    connectionId: String(row.connection_id),
    peer: peerFrom(row.peer),
    request: String(row.request),
    // What has no time is as old as can be.
    acceptedAt: Number.isNaN(acceptedAt.getTime()) ? new Date(0) : acceptedAt,
    state: row.state === 'running' ? 'running' : 'pending',
    tries: Number.isSafeInteger(row.tries) ? row.tries : 0,
    child:
      Number.isSafeInteger(pid) && start !== null && bootId !== null
        ? identity(pid, start, bootId)
        : undefined,
    type: String(row.type),
    command: String(row.command),
  };
}

function identity(pid: number | null, start: string, bootId: string): ProcessIdentity {
  return { pid: pid as number, start: String(start), bootId: String(bootId) };
}

function peerFrom(text: string): Peer {
  try {
    const { pid, uid, gid } = JSON.parse(text) as Record<string, unknown>;
    if ([pid, uid, gid].every(Number.isSafeInteger)) {
      return { known: true, pid: pid as number, uid: uid as number, gid: gid as number };
    }
  } catch {
    // As below.
  }
  return { known: false, why: 'the record does not tell' };
}

/** Exit 0: both streams in `output`; else apart. Empty is NULL. */
function columns(code: number, stdout: string, stderr: string) {
  if (code === 0) return { output: [stdout, stderr].filter(Boolean).join('\n') || null, error: null };
  return { output: stdout || null, error: stderr || null };
}
