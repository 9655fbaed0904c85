/** The properties of a command that was left behind, from the start of a path. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { Layout } from '../../support/daemon.ts';

/** The config of the daemon that takes it over. */
export function configOf(start: string, { folder }: Layout): Record<string, unknown> {
  if (!start.endsWith('refused today')) return {};
  const elsewhere = join(folder, 'elsewhere');
  mkdirSync(elsewhere);
  return { deletion_roots: [elsewhere] };
}

/** Changes the record as if time had passed, or as if other daemons had died of the command. */
export function rewrite(start: string, { state }: Layout, id: string | undefined): void {
  const what = start.endsWith('expired')
    ? "accepted_at = '2026-01-01T00:00:00.000Z'"
    : start.endsWith('too often')
      ? 'tries = 3'
      : undefined;
  if (what === undefined) return;
  const other = new Database(state);
  other.prepare(`UPDATE cmd_unsettled SET ${what} WHERE command_id = ?`).run(id);
  other.close();
}

export function idOnRecord({ state }: Layout): string {
  const other = new Database(state, { readonly: true });
  const id = other.prepare('SELECT command_id FROM process').pluck().get();
  other.close();
  return id as string;
}
