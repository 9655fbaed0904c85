/** The shared database as the API servers create it, with rows older than the daemon. */
import Database from 'better-sqlite3';

const GO = `CREATE TABLE process (id INTEGER PRIMARY KEY AUTOINCREMENT, command_id TEXT NOT NULL, command TEXT NOT NULL,
  pid INTEGER, status TEXT NOT NULL, output TEXT, error TEXT, return_code INTEGER, start_time DATETIME NOT NULL,
  end_time DATETIME, type TEXT NOT NULL, args TEXT NOT NULL);
  CREATE INDEX ix_process_command_id ON process (command_id);`;
const PYTHON = `CREATE TABLE process (id INTEGER NOT NULL, command VARCHAR NOT NULL, command_id VARCHAR NOT NULL,
  pid INTEGER NOT NULL, status VARCHAR NOT NULL, output VARCHAR, error VARCHAR, return_code INTEGER,
  start_time DATETIME NOT NULL, end_time DATETIME, type VARCHAR NOT NULL, args JSON, PRIMARY KEY (id));
  CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL);
  INSERT INTO alembic_version VALUES ('3f1c');`;

const ROWS = `INSERT INTO process
  (command_id, command, pid, status, output, error, return_code, start_time, end_time, type, args) VALUES
  ('old-1', 'mariabackup --backup', 7, 'success', 'completed OK!', NULL, 0,
    '2026-01-01 00:00:00.000000', '2026-01-01 00:00:09.500000', 'backup', '{"id":"b1"}'),
  ('old-2', '/bin/rm -rf /x', 8, 'failed', NULL, 'no such thing', 1,
    '2026-01-02 00:00:00.000000', '2026-01-02 00:00:00.100000', 'delete_directory', '{"path":"/x"}');`;

/** By the server that creates it. */
export const SERVER_DATABASES = { Go: GO, Python: PYTHON } as const;

export type Server = keyof typeof SERVER_DATABASES;

export function makeServerDatabase(path: string, server: Server): void {
  const made = new Database(path);
  made.exec(SERVER_DATABASES[server]);
  made.exec(ROWS);
  made.close();
}

/** Returns the parts that must not change: its rows and its definitions. */
export function serversPart(path: string): unknown {
  const database = new Database(path, { readonly: true });
  try {
    const rows = database.prepare("SELECT * FROM process WHERE command_id LIKE 'old-%' ORDER BY id").all();
    const definitions = database
      .prepare(
        "SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND tbl_name NOT LIKE 'cmd\\_%' ESCAPE '\\' ORDER BY name",
      )
      .all();
    return { rows, definitions, sound: database.pragma('integrity_check', { simple: true }) };
  } finally {
    database.close();
  }
}
