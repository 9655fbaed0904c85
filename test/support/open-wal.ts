import Database from 'better-sqlite3';
import type { OpenedDatabase } from '../../src/io/store/reopening-database.ts';

/** Opens a plain test database as the daemon opens its own: in WAL mode, and without waiting for locks once it is
 * open. */
export function openWal(path: string, lockTimeoutMs: number): OpenedDatabase {
  const database = new Database(path, { timeout: lockTimeoutMs });
  database.pragma('journal_mode = WAL');
  database.pragma('busy_timeout = 0');
  return { database };
}
