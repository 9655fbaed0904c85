import Database from 'better-sqlite3';
import { openSharedForReading } from '../shared-database/open.ts';
import { findSchemaProblem, hasProcess } from '../shared-database/schema.ts';
import { MIGRATIONS } from '../store/migrations.ts';

export interface DatabaseLook {
  readonly journal: string;
  /** 0: the daemon has not been at it yet. */
  readonly version: number;
  readonly knownVersion: number;
  /** The damage that was found. */
  readonly damage: string | undefined;
}

/** Reads the journal as it is, and changes nothing in it. Throws SQLite's own errors. */
export function lookAtJournal(path: string): DatabaseLook {
  const database = new Database(path, { readonly: true, fileMustExist: true });
  try {
    const journal = database.pragma('journal_mode', { simple: true }) as string;
    return {
      journal,
      version: versionOf(database),
      knownVersion: MIGRATIONS.length,
      damage: damageOf(database),
    };
  } finally {
    database.close();
  }
}

/** The same of the shared database. `problem`: why its table `process` cannot be written; then its pages are not checked, since that
 * runs code of the schema. */
export function lookAtShared(
  path: string,
): Pick<DatabaseLook, 'journal' | 'damage'> & { readonly problem: string | undefined } {
  const { database, release } = openSharedForReading(path);
  try {
    const problem = hasProcess(database) ? findSchemaProblem(database) : undefined;
    const journal = database.pragma('journal_mode', { simple: true }) as string;
    return { journal, problem, damage: problem === undefined ? damageOf(database) : undefined };
  } finally {
    database.close();
    release();
  }
}

function damageOf(database: Database.Database): string | undefined {
  const [first] = database.pragma('quick_check(1)') as { quick_check: string }[];
  return first?.quick_check === 'ok' ? undefined : first?.quick_check;
}

function versionOf(database: Database.Database): number {
  const table = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'cmd_migration'";
  if (!database.prepare(table).get()) return 0;
  return database.prepare('SELECT coalesce(max(version), 0) FROM cmd_migration').pluck().get() as number;
}
