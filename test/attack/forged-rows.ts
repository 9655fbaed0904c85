/** Rows and tables that a member of the group writes into the shared database, as version 0.1.0 had them. */

import { randomUUID } from 'node:crypto';
import type Database from 'better-sqlite3';
import type { Layout } from '../support/daemon.ts';
import { MEMBER } from '../support/member.ts';
import { CREATE_PROCESS } from './hostile-schemas.ts';
import { withDatabaseAsMember } from './member.ts';

const TABLES = `
  ${CREATE_PROCESS};
  CREATE TABLE IF NOT EXISTS cmd_unsettled (
    process_id INTEGER PRIMARY KEY, command_id TEXT NOT NULL, connection_id TEXT NOT NULL, peer TEXT NOT NULL,
    request TEXT NOT NULL, accepted_at TEXT NOT NULL, state TEXT NOT NULL, tries INTEGER NOT NULL DEFAULT 0,
    pid INTEGER, pid_start TEXT, boot_id TEXT);
  CREATE TABLE IF NOT EXISTS cmd_transition (
    id INTEGER PRIMARY KEY AUTOINCREMENT, process_id INTEGER NOT NULL, command_id TEXT NOT NULL,
    from_state TEXT, to_state TEXT NOT NULL, event TEXT NOT NULL, at DATETIME NOT NULL, why TEXT);
  CREATE TABLE IF NOT EXISTS cmd_migration (version INTEGER PRIMARY KEY, applied_at DATETIME NOT NULL);`;

export interface Forged {
  readonly request: unknown;
  readonly state: 'pending' | 'running';
  readonly connectionId?: string;
  readonly tries?: number;
  readonly child?: { readonly pid: number; readonly start: string; readonly bootId: string };
}

/** Writes an unfinished command that no client has sent; returns its id. */
export function forgeCommand(at: Layout, forged: Forged): string {
  return withDatabaseAsMember(at.database, (database) => insertForged(database, forged));
}

export function insertForged(database: Database.Database, forged: Forged): string {
  const { request, state, connectionId = 'forged', tries = 0, child } = forged;
  const commandId = randomUUID();
  database.exec(TABLES);
  const { lastInsertRowid } = database
    .prepare(
      `INSERT INTO process (command_id, command, pid, status, start_time, type, args)
       VALUES (?, 'forged', 0, 'running', '2026-11-24 02:20:54.788000', 'delete_directory', '{}')`,
    )
    .run(commandId);
  database
    .prepare('INSERT OR REPLACE INTO cmd_unsettled VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)')
    .run(
      lastInsertRowid,
      commandId,
      connectionId,
      JSON.stringify({ pid: 1, ...MEMBER }),
      typeof request === 'string' ? request : JSON.stringify(request),
      new Date().toISOString(),
      state,
      tries,
      child?.pid ?? null,
      child?.start ?? null,
      child?.bootId ?? null,
    );
  return commandId;
}

/** A migration that no daemon has. */
export function forgeMigration(at: Layout): void {
  withDatabaseAsMember(at.database, (database) =>
    database.exec(`${TABLES} INSERT INTO cmd_migration VALUES (999, '2026-11-24')`),
  );
}
