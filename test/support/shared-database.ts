import Database from 'better-sqlite3';

/** Whether the database is there, with the table that daemons share. */
export function hasProcessTable(path: string): boolean {
  let database: Database.Database | undefined;
  try {
    database = new Database(path, { readonly: true });
    return database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'process'").get() !== undefined;
  } catch {
    // It is not there, being made, or none.
    return false;
  } finally {
    database?.close();
  }
}
