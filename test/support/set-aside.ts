import type { TestContext } from 'node:test';
import Database from 'better-sqlite3';
import type { TestDaemon } from './daemon.ts';
import { undoLater } from './undo.ts';

/** Renames `table` while the daemon runs, and returns a function that restores it. */
export function setAside(t: TestContext, daemon: TestDaemon, table: string): () => void {
  const other = new Database(/^cmd_/.test(table) ? daemon.at.state : daemon.at.database, { timeout: 5_000 });
  undoLater(t, () => other.close());
  other.exec(`ALTER TABLE ${table} RENAME TO aside`);
  return () => other.exec(`ALTER TABLE aside RENAME TO ${table}`);
}
