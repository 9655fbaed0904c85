import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { DaemonError, messageOf } from '../errors.ts';
import { databaseFailure, makeDatabaseFolder } from './database.ts';

/** How long (ms) a start waits for the last daemon to be gone. */
const PATIENCE = 1_000;

export interface DatabaseClaim {
  release(): void;
}

/** Makes the commands in the database this daemon's alone: a second one would take them for left behind, and carry out
 * again what the first is still at. The claim is SQLite's lock on an empty file beside it, so the kernel ends it with
 * the process, however that dies. Throws DATABASE_IN_USE, DATABASE_UNUSABLE and DATABASE_WITHOUT_ROOM. */
export function claimDatabase(path: string): DatabaseClaim {
  let file: Database.Database | undefined;
  try {
    makeDatabaseFolder(dirname(path));
    file = new Database(`${path}-cmd-lock`, { timeout: PATIENCE });
    file.exec('BEGIN EXCLUSIVE');
    const claimed = file;
    return { release: () => void claimed.close() };
  } catch (error) {
    file?.close();
    if ((error as { code?: string }).code !== 'SQLITE_BUSY') throw databaseFailure(path, error);
    throw new DaemonError('DATABASE_IN_USE', `${path}: ${messageOf(error)}`, error);
  }
}
