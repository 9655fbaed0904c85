import type Database from 'better-sqlite3';
import type { AuditRow } from './history-rows.ts';

/** What the audit has of a command, oldest first. */
export function auditOf(database: Database.Database, commandId: string): AuditRow[] {
  const entries = database
    .prepare(
      `SELECT at, event, connection_id, pid, uid, gid, cmd, paths, paths_left, schedule_count, outcome, reason,
         duration_ms, security FROM cmd_audit WHERE command_id = ? ORDER BY id`,
    )
    .all(commandId) as (Omit<AuditRow, 'paths'> & { paths: string })[];
  return entries.map((entry) => ({ ...entry, paths: JSON.parse(entry.paths) as string[] }));
}
