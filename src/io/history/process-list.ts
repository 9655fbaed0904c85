import Database from 'better-sqlite3';
import { historyOf, STATE, UNSETTLED } from './command-history.ts';
import type { CommandHistory } from './rows.ts';

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
    SELECT p.id, p.command_id, p.type, ${STATE} AS state,
      substr(p.command, 1, 200) AS command, p.pid, p.return_code, p.start_time, p.end_time
    FROM (SELECT * FROM main.process ORDER BY id DESC LIMIT ${MAX_LOOKED_AT}) p
    ${UNSETTLED})
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

/** The row of a command, its transitions and its audit; undefined if the database does not know it. Reads only. */
export function readProcess(path: string, commandId: string): CommandHistory | undefined {
  return reading(path, (database) => historyOf(database, commandId));
}

function reading<R>(path: string, read: (database: Database.Database) => R): R {
  const database = new Database(path, { readonly: true, fileMustExist: true, timeout: 0 });
  try {
    return read(database);
  } finally {
    database.close();
  }
}
