import Database from 'better-sqlite3';
import { DaemonError, messageOf } from '../../errors.ts';
import { databaseFailure, makeStateDirectory } from './open.ts';

/** How long a start waits for the last daemon to be gone. */
const CLAIM_TIMEOUT_MS = 1_000;

export interface DatabaseClaim {
  release(): void;
}

/** Makes the commands in the journal at `path` this daemon's alone: a second daemon would take them for left behind, and carry
 * out again what the first is still at. The claim is SQLite's lock on an empty file beside the journal, in a directory that
 * only the daemon's user can enter; the kernel ends it with the process, however that dies. Throws DATABASE_IN_USE,
 * STATE_UNTRUSTED, DATABASE_UNUSABLE and DATABASE_WITHOUT_ROOM. */
export function claimDatabase(path: string): DatabaseClaim {
  let file: Database.Database | undefined;
  try {
    makeStateDirectory(path);
    file = new Database(`${path}-lock`, { timeout: CLAIM_TIMEOUT_MS });
    file.exec('BEGIN EXCLUSIVE');
    const claimed = file;
    return { release: () => void claimed.close() };
  } catch (error) {
    file?.close();
    if ((error as { code?: string }).code !== 'SQLITE_BUSY') throw databaseFailure(path, error);
    throw new DaemonError('DATABASE_IN_USE', `${path}: ${messageOf(error)}`, error);
  }
}
