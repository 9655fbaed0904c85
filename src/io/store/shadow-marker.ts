import type Database from 'better-sqlite3';
import { DaemonError } from '../../errors.ts';

/** SQLite's application id of a database that a shadow made: "dbcS". Source: sqlite.org/pragma.html#pragma_application_id. */
const SHADOW = 0x64_62_63_53;

/** A daemon that carries out must not take over what a shadow has accepted, nor a shadow settle what was to be carried
 * out: each has a database of its own. Marks a new one. Throws SHADOW_DATABASE. */
export function checkPurpose(database: Database.Database, path: string, shadow: boolean): void {
  const isShadows = database.pragma('application_id', { simple: true }) === SHADOW;
  if (isShadows === shadow) return;
  const isNew = database.prepare('SELECT count(*) FROM sqlite_master').pluck().get() === 0;
  if (!shadow || !isNew)
    throw new DaemonError(
      'SHADOW_DATABASE',
      `${path} is ${isShadows ? '' : 'not '}that of a daemon in shadow mode`,
    );
  database.pragma(`application_id = ${SHADOW}`);
}
