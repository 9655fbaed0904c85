import Database from 'better-sqlite3';

export interface History {
  readonly process: Record<string, unknown>;
  readonly transitions: readonly Record<string, unknown>[];
}

/** What the database says of one command, or of the last; undefined if it knows none. Reads only. */
export function readHistory(path: string, commandId?: string): History | undefined {
  const database = new Database(path, { readonly: true, fileMustExist: true });
  try {
    const row =
      commandId === undefined
        ? database.prepare('SELECT * FROM process ORDER BY id DESC LIMIT 1').get()
        : database.prepare('SELECT * FROM process WHERE command_id = ?').get(commandId);
    if (!row) return undefined;
    const steps = database.prepare(
      'SELECT from_state, to_state, event, at, why FROM cmd_transition WHERE command_id = ? ORDER BY id',
    );
    const found = row as Record<string, unknown>;
    return { process: found, transitions: steps.all(found.command_id) as Record<string, unknown>[] };
  } finally {
    database.close();
  }
}
