import Database from 'better-sqlite3';
import { MIGRATIONS } from './migrations.ts';

export interface DatabaseLook {
  readonly journal: string;
  /** 0: the daemon has not been at it yet. */
  readonly version: number;
  readonly knownVersion: number;
  /** What is damaged. */
  readonly damage: string | undefined;
}

/** Reads the database as it is, and changes nothing in it. Throws SQLite's own errors. */
export function lookAtDatabase(path: string): DatabaseLook {
  const database = new Database(path, { readonly: true, fileMustExist: true });
  try {
    const [first] = database.pragma('quick_check(1)') as { quick_check: string }[];
    const damage = first?.quick_check === 'ok' ? undefined : first?.quick_check;
    const journal = database.pragma('journal_mode', { simple: true }) as string;
    return { journal, version: versionOf(database), knownVersion: MIGRATIONS.length, damage };
  } finally {
    database.close();
  }
}

function versionOf(database: Database.Database): number {
  const table = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'cmd_migration'";
  if (!database.prepare(table).get()) return 0;
  return database.prepare('SELECT coalesce(max(version), 0) FROM cmd_migration').pluck().get() as number;
}
