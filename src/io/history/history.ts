/** Reads the record of all commands, for the verbs of the program: read-only, with the daemon up or down. */
import { accessSync, constants } from 'node:fs';
import Database from 'better-sqlite3';
import { DaemonError, messageOf } from '../../errors.ts';
import { openSharedForReading } from '../shared-database/open.ts';
import { findSchemaProblem } from '../shared-database/schema.ts';
import { MIGRATIONS } from '../store/migrations.ts';
import type { OpenedDatabase } from '../store/reopening-database.ts';
import { historyOf, STATE, UNSETTLED } from './command-history.ts';
import type { End, Filter, Listed } from './rows.ts';

const SUMMARY = `p.id, p.command_id, p.command, p.pid, p.status, p.return_code, p.start_time, p.end_time, p.type,
  p.args, ${STATE} AS state`;

/** The shortest prefix of an id that is accepted, if only one command matches. */
export const SHORTEST_ID = 4;

export type Reader = ReturnType<typeof readerOf>;

function readerOf(database: Database.Database) {
  return {
    list: ({ state, type, since, limit }: Filter): Listed[] =>
      database
        .prepare(
          `SELECT ${SUMMARY} FROM main.process p ${UNSETTLED}
           WHERE (@state IS NULL OR ${STATE} = @state) AND (@type IS NULL OR p.type = @type)
             AND (@since IS NULL OR p.start_time >= @since)
           ORDER BY p.id DESC LIMIT @limit`,
        )
        .all({ state: state ?? null, type: type ?? null, since: since ?? null, limit }) as never,
    /** The command_id that is `given` or begins with it: none, one, or two where it is of several. */
    matching(given: string): string[] {
      const find = database.prepare(
        `SELECT DISTINCT command_id FROM main.process
         WHERE command_id = @given OR length(@given) >= ${SHORTEST_ID} AND substr(command_id, 1, length(@given)) = @given
         ORDER BY command_id = @given DESC LIMIT 2`,
      );
      const found = find.pluck().all({ given }) as string[];
      return found[0] === given ? [given] : found;
    },
    last: () =>
      database.prepare('SELECT command_id FROM main.process ORDER BY id DESC LIMIT 1').pluck().get() as
        | string
        | undefined,
    of: (commandId: string) => historyOf(database, commandId),
    lastTransition: () =>
      database.prepare('SELECT coalesce(max(id), 0) FROM cmd_transition').pluck().get() as number,
    endsAfter: (transition: number) =>
      database
        .prepare(
          `SELECT t.id AS transition, t.command_id, p.type, p.command, p.return_code, p.start_time,
             t.from_state, t.to_state, t.event, t.at, t.why
           FROM cmd_transition t LEFT JOIN main.process p ON p.id = t.process_id AND p.command_id = t.command_id
           WHERE t.id > ? AND t.to_state IN ('succeeded', 'failed') ORDER BY t.id`,
        )
        .all(transition) as End[],
  };
}

/** Where commands are recorded. The journal has all of it, and is for root alone; the shared database has the table `process`. */
export interface HistorySource {
  readonly kind: 'journal' | 'shared';
  readonly path: string;
}

interface HistoryPaths {
  readonly state_path: string;
  readonly database_path: string;
}

/** The journal where it may be read, else the shared database. */
export function findHistory({ state_path, database_path }: HistoryPaths): HistorySource {
  try {
    accessSync(state_path, constants.R_OK);
    return { kind: 'journal', path: state_path };
  } catch {
    return { kind: 'shared', path: database_path };
  }
}

/** Returns the result of `read` on the record as it is at one moment. Throws DATABASE_UNREADABLE. */
export function readHistory<T>({ kind, path }: HistorySource, read: (reader: Reader) => T): T {
  let opened: OpenedDatabase | undefined;
  try {
    opened = kind === 'shared' ? openSharedForReading(path) : openJournal(path);
    const { database } = opened;
    if (kind === 'shared') restrictToProcess(database);
    // Short: for as long as it lasts the write-ahead log cannot be reset.
    return database.transaction(read)(readerOf(database));
  } catch (error) {
    throw new DaemonError('DATABASE_UNREADABLE', `${path}: ${messageOf(error)}`, error);
  } finally {
    opened?.database.close();
    opened?.release?.();
  }
}

function openJournal(path: string): OpenedDatabase {
  return { database: new Database(path, { readonly: true, fileMustExist: true }) };
}

/** Of the shared database only the table `process` is read: tables with the names of the journal's are empty ones of this
 * connection, and a schema with code in it is refused. */
function restrictToProcess(database: Database.Database): void {
  const problem = findSchemaProblem(database);
  if (problem !== undefined) throw new Error(problem);
  for (const [, name = '', columns] of MIGRATIONS.join('\n').matchAll(
    /CREATE TABLE (cmd_\w+) (\([^;]+\));/g,
  )) {
    database.exec(`CREATE TEMP TABLE ${name} ${columns}`);
  }
}
