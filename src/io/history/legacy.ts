/** Reads commands from the database of another daemon. It has only the shared table `process`. */
import type Database from 'better-sqlite3';
import { DaemonError, messageOf } from '../../errors.ts';
import { openSharedForReading, type SharedDatabase } from '../shared-database/open.ts';
import { findSchemaProblem } from '../shared-database/schema.ts';

export interface OldRow {
  readonly command_id: string;
  readonly command: string;
  readonly status: string;
  readonly type: string;
  readonly args: string;
}

const COLUMNS = 'command_id, command, status, type, args';

/** Undefined where there is none yet. Throws DATABASE_UNREADABLE. */
export function oldRow(path: string, commandId: string): OldRow | undefined {
  return reading(
    path,
    (database) =>
      database
        .prepare(`SELECT ${COLUMNS} FROM process WHERE command_id = ? ORDER BY id DESC LIMIT 1`)
        .get(commandId) as OldRow | undefined,
  );
}

/** The newest `limit` of these types, oldest first. Throws DATABASE_UNREADABLE. */
export function oldRows(path: string, types: readonly string[], limit: number): OldRow[] {
  const among = types.map(() => '?').join(', ');
  const newest = `SELECT id, ${COLUMNS} FROM process WHERE type IN (${among}) ORDER BY id DESC LIMIT ?`;
  return reading(
    path,
    (database) => database.prepare(`SELECT * FROM (${newest}) ORDER BY id`).all(...types, limit) as OldRow[],
  );
}

function reading<T>(path: string, work: (database: Database.Database) => T): T {
  let opened: SharedDatabase | undefined;
  try {
    opened = openSharedForReading(path);
    const problem = findSchemaProblem(opened.database);
    if (problem !== undefined) throw new Error(problem);
    return work(opened.database);
  } catch (error) {
    throw new DaemonError('DATABASE_UNREADABLE', `${path}: ${messageOf(error)}`, error);
  } finally {
    opened?.database.close();
    opened?.release();
  }
}
