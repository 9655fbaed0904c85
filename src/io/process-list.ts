import Database from 'better-sqlite3';
import { auditOf } from './audit-rows.ts';
import type { AuditRow } from './history-rows.ts';

export interface ListFilter {
  readonly limit: number;
  readonly state?: string | undefined;
  readonly type?: string | undefined;
  /** As `start_time` has it. */
  readonly since?: string | undefined;
}

/** Rows that are looked at, from the newest on: a filter that fits nothing must not hold up the daemon. */
export const MAX_LOOKED_AT = 5_000;

const LIST = `
  SELECT * FROM (
    SELECT p.id, p.command_id, p.type,
      CASE p.status WHEN 'success' THEN 'succeeded' WHEN 'failed' THEN 'failed'
        ELSE coalesce(u.state, 'running') END AS state,
      substr(p.command, 1, 200) AS command, p.pid, p.return_code, p.start_time, p.end_time
    FROM (SELECT * FROM process ORDER BY id DESC LIMIT ${MAX_LOOKED_AT}) p
    LEFT JOIN cmd_unsettled u ON u.process_id = p.id AND u.command_id = p.command_id)
  WHERE (@state IS NULL OR state = @state) AND (@type IS NULL OR type = @type)
    AND (@since IS NULL OR start_time >= @since)
  ORDER BY id DESC LIMIT @limit`;

/** The newest commands, without what they printed. Reads only. */
export function listProcesses(path: string, filter: ListFilter): Record<string, unknown>[] {
  return reading(path, (database) => {
    const { limit, state = null, type = null, since = null } = filter;
    return database.prepare(LIST).all({ limit, state, type, since }) as Record<string, unknown>[];
  });
}

export interface Detail {
  readonly process: Record<string, unknown>;
  readonly transitions: readonly Record<string, unknown>[];
  readonly audit: readonly AuditRow[];
}

/** The row of a command, its transitions and its audit; undefined if the database does not know it. Reads only. */
export function readProcess(path: string, commandId: string): Detail | undefined {
  return reading(path, (database) => {
    // By the index of the transitions; only a row that has none is looked for in the whole table.
    const known = database
      .prepare('SELECT process_id FROM cmd_transition WHERE command_id = ? ORDER BY id DESC LIMIT 1')
      .pluck()
      .get(commandId);
    const row = database
      .prepare(`SELECT * FROM process WHERE command_id = ?${known === undefined ? '' : ' AND id = ?'}`)
      .get(...(known === undefined ? [commandId] : [commandId, known]));
    if (!row) return undefined;
    const steps = database.prepare(
      'SELECT from_state, to_state, event, at, why FROM cmd_transition WHERE command_id = ? ORDER BY id',
    );
    return {
      process: row as Record<string, unknown>,
      transitions: steps.all(commandId) as Record<string, unknown>[],
      audit: auditOf(database, commandId),
    };
  });
}

function reading<R>(path: string, read: (database: Database.Database) => R): R {
  const database = new Database(path, { readonly: true, fileMustExist: true, timeout: 0 });
  try {
    return read(database);
  } finally {
    database.close();
  }
}
