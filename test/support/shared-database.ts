import Database from 'better-sqlite3';

/** Returns whether the database exists with the table that daemons share. */
export function hasProcessTable(path: string): boolean {
  let database: Database.Database | undefined;
  try {
    database = new Database(path, { readonly: true });
    return database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'process'").get() !== undefined;
  } catch {
    // The database is missing, incomplete or no database.
    return false;
  } finally {
    database?.close();
  }
}
