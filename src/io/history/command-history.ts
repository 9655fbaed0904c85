/** Reads the record of one command. */
import type Database from 'better-sqlite3';
import type { AuditRow, CommandHistory, ProcessRow, State, Step } from './rows.ts';

/** The row of a command that waits says `running`; the table of unsettled commands knows better. */
export const STATE = `CASE p.status WHEN 'success' THEN 'succeeded' WHEN 'failed' THEN 'failed'
  ELSE coalesce(u.state, 'running') END`;
export const UNSETTLED = 'LEFT JOIN cmd_unsettled u ON u.process_id = p.id AND u.command_id = p.command_id';

const ROW = `p.id, p.command_id, p.command, p.pid, p.status, p.output, p.error, p.return_code, p.start_time,
  p.end_time, p.type, p.args`;

/** Undefined if the database does not know it. */
export function historyOf(database: Database.Database, commandId: string): CommandHistory | undefined {
  const found = rowOf(database, commandId);
  if (!found) return undefined;
  const { state, ...process } = found;
  return {
    process,
    state,
    transitions: stepsOf(database, found),
    audit: auditOf(database, commandId),
  };
}

type Row = ProcessRow & { readonly state: State };

/** The last of its rows: a journal that was replaced under the daemon may have got two. */
function rowOf(database: Database.Database, commandId: string): Row | undefined {
  return database
    .prepare<[string], Row>(
      `SELECT ${ROW}, ${STATE} AS state FROM main.process p ${UNSETTLED} WHERE p.command_id = ? ORDER BY p.id DESC LIMIT 1`,
    )
    .get(commandId);
}

function stepsOf(database: Database.Database, { id, command_id }: Row): Step[] {
  return database
    .prepare<[number, string], Step>(
      `SELECT from_state, to_state, event, at, why FROM cmd_transition
       WHERE process_id = ? AND command_id = ? ORDER BY id`,
    )
    .all(id, command_id);
}

function auditOf(database: Database.Database, commandId: string): AuditRow[] {
  const entries = database
    .prepare(
      `SELECT at, event, connection_id, pid, uid, gid, cmd, paths, paths_left, schedule_count, outcome, reason,
         duration_ms, security FROM cmd_audit WHERE command_id = ? ORDER BY id`,
    )
    .all(commandId) as (Omit<AuditRow, 'paths'> & { paths: string })[];
  return entries.map((entry) => ({ ...entry, paths: JSON.parse(entry.paths) as string[] }));
}
