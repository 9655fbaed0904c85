import type Database from 'better-sqlite3';

/** The schema of the journal, numbered; a migration is never edited once it is released. */
export const MIGRATIONS: readonly string[] = [
  // One row for each command, with the columns of the shared table. Long texts are cut: the shared table has them whole.
  `CREATE TABLE process (
     id INTEGER PRIMARY KEY AUTOINCREMENT, command_id TEXT NOT NULL, command TEXT NOT NULL, pid INTEGER,
     status TEXT NOT NULL, output TEXT, error TEXT, return_code INTEGER,
     start_time DATETIME NOT NULL, end_time DATETIME, type TEXT NOT NULL, args TEXT NOT NULL);
   CREATE INDEX process_command ON process (command_id);
   CREATE TABLE cmd_transition (
     id INTEGER PRIMARY KEY AUTOINCREMENT, process_id INTEGER NOT NULL, command_id TEXT NOT NULL,
     from_state TEXT, to_state TEXT NOT NULL, event TEXT NOT NULL, at DATETIME NOT NULL, why TEXT);
   CREATE INDEX cmd_transition_process ON cmd_transition (process_id);`,
  // One row for each command without an end: what the next daemon needs to settle it.
  `CREATE TABLE cmd_unsettled (
     process_id INTEGER PRIMARY KEY, command_id TEXT NOT NULL, connection_id TEXT NOT NULL, peer TEXT NOT NULL,
     request TEXT NOT NULL, accepted_at TEXT NOT NULL, state TEXT NOT NULL, tries INTEGER NOT NULL DEFAULT 0,
     pid INTEGER, pid_start TEXT, boot_id TEXT);
   CREATE TABLE cmd_projection (process_id INTEGER PRIMARY KEY, shared_id INTEGER NOT NULL, request TEXT);`,
  // pid, uid and gid are NULL where the kernel did not tell.
  `CREATE TABLE cmd_audit (
     id INTEGER PRIMARY KEY AUTOINCREMENT, at DATETIME NOT NULL, event TEXT NOT NULL, command_id TEXT,
     connection_id TEXT NOT NULL, pid INTEGER, uid INTEGER, gid INTEGER, cmd TEXT, paths TEXT NOT NULL,
     paths_left INTEGER NOT NULL, schedule_count INTEGER, outcome TEXT NOT NULL, reason TEXT, duration_ms INTEGER,
     security TEXT, repeated INTEGER NOT NULL DEFAULT 0);
   CREATE INDEX cmd_audit_command ON cmd_audit (command_id) WHERE command_id IS NOT NULL;`,
];

/** Applies the migrations that are missing, each in its own transaction. */
export function migrate(database: Database.Database, migrations = MIGRATIONS): void {
  database.exec(
    'CREATE TABLE IF NOT EXISTS cmd_migration (version INTEGER PRIMARY KEY, applied_at DATETIME NOT NULL)',
  );
  const latest = database.prepare('SELECT coalesce(max(version), 0) FROM cmd_migration').pluck();
  const known = latest.get() as number;
  if (known > migrations.length) {
    throw new Error(
      `its schema is version ${known}, this daemon knows ${migrations.length}: use a newer daemon`,
    );
  }
  const note = database.prepare("INSERT INTO cmd_migration VALUES (?, strftime('%Y-%m-%d %H:%M:%f', 'now'))");
  for (const [index, sql] of migrations.entries()) {
    // Without a look for the write lock, which another may hold for long.
    if (index < known) continue;
    const apply = database.transaction(() => {
      if ((latest.get() as number) > index) return;
      database.exec(sql);
      note.run(index + 1);
    });
    apply.immediate();
  }
}
