import type Database from 'better-sqlite3';
import { DatabaseTrouble } from '../store/reopening-database.ts';
import { findSchemaProblem, hasProcess } from './schema.ts';

/** The columns of `process` as the contract has them. */
export interface ProjectedRow {
  readonly command_id: string;
  readonly command: string;
  readonly pid: number;
  readonly status: string;
  readonly output: string | null;
  readonly error: string | null;
  readonly return_code: number | null;
  readonly start_time: string;
  readonly end_time: string | null;
  readonly type: string;
  readonly args: string;
}

/** The columns that an update changes, and the command id that selects the row. */
export type RowUpdate = Omit<ProjectedRow, 'command' | 'start_time' | 'type' | 'args'>;

const CREATE = `CREATE TABLE process (id INTEGER PRIMARY KEY AUTOINCREMENT, command_id TEXT NOT NULL, command TEXT NOT NULL,
  pid INTEGER, status TEXT NOT NULL, output TEXT, error TEXT, return_code INTEGER,
  start_time DATETIME NOT NULL, end_time DATETIME, type TEXT NOT NULL, args TEXT NOT NULL)`;
// OR ABORT: conflict clauses of the schema, which could drop or replace rows, do not hold.
const INSERT = `INSERT OR ABORT INTO main.process
  (command_id, command, pid, status, output, error, return_code, start_time, end_time, type, args)
  VALUES (@command_id, @command, @pid, @status, @output, @error, @return_code, @start_time, @end_time, @type, @args)`;
// By both ids: in a database that was replaced the number may be that of another command. The length first, which SQLite knows without
// reading a value that may be huge.
const UPDATE = `UPDATE OR ABORT main.process SET pid = @pid, status = @status, output = @output, error = @error,
  return_code = @return_code, end_time = @end_time WHERE id = @id
  AND octet_length(command_id) = octet_length(@command_id) AND command_id = @command_id`;

/** A row that is looked for without its number is looked for among the newest. */
const SEARCHED_ROWS = 10_000;
const FIND = `SELECT id FROM (SELECT id, command_id FROM main.process ORDER BY id DESC LIMIT ${SEARCHED_ROWS})
  WHERE octet_length(command_id) = octet_length(@command_id) AND command_id = @command_id LIMIT 1`;

const REMOVE = `DELETE FROM main.process WHERE id = @id
  AND octet_length(command_id) = octet_length(@command_id) AND command_id = @command_id`;

interface Statements {
  readonly insert: Database.Statement<[ProjectedRow]>;
  readonly update: Database.Statement<[RowUpdate & { readonly id: number }]>;
  readonly remove: Database.Statement<[{ readonly id: number; readonly command_id: string }]>;
  readonly find: Database.Statement<[{ readonly command_id: string }], { readonly id: number }>;
}

/** The shared table `process`, as far as the daemon writes to it. Nothing that is read from it decides anything but whether a row is
 * inserted or updated. */
export class SharedTables {
  readonly #database: Database.Database;
  readonly #schemaVersion: Database.Statement<[], number>;
  #known: { readonly version: number; readonly problem: string | undefined } | undefined;
  #statements: Statements | undefined;

  constructor(database: Database.Database) {
    this.#database = database;
    this.#schemaVersion = database.prepare<[], number>('PRAGMA schema_version').pluck();
  }

  /** Checks the schema where it has changed, before any statement is run with it; makes the table where there is none. The caller holds the
   * write lock. Throws DatabaseTrouble. */
  verify(): void {
    const version = this.#schemaVersion.get() as number;
    if (this.#known?.version !== version) {
      this.#statements = undefined;
      if (!hasProcess(this.#database)) this.#database.exec(CREATE);
      const problem = findSchemaProblem(this.#database);
      this.#known = { version: this.#schemaVersion.get() as number, problem };
    }
    if (this.#known.problem !== undefined) throw new DatabaseTrouble(this.#known.problem, false);
    this.#statements ??= {
      insert: this.#database.prepare(INSERT),
      update: this.#database.prepare(UPDATE),
      remove: this.#database.prepare(REMOVE),
      find: this.#database.prepare(FIND),
    };
  }

  /** Returns the id of the new row. */
  insert(row: ProjectedRow): number {
    const { changes, lastInsertRowid } = this.#prepared().insert.run(row);
    if (changes !== 1) throw new DatabaseTrouble('the table process does not keep its rows', false);
    const id = Number(lastInsertRowid);
    if (!Number.isSafeInteger(id))
      throw new DatabaseTrouble('the ids of the table process are exhausted', false);
    return id;
  }

  /** Brings the row up to date; returns its id, or undefined where it is missing. */
  update(id: number, row: RowUpdate): number | undefined {
    const { update, find } = this.#prepared();
    if (update.run({ ...row, id }).changes > 0) return id;
    const found = find.get({ command_id: row.command_id })?.id;
    return found !== undefined && update.run({ ...row, id: found }).changes > 0 ? found : undefined;
  }

  /** Removes the row of a command that was never accepted. */
  remove(id: number, commandId: string): void {
    this.#prepared().remove.run({ id, command_id: commandId });
  }

  /** Whether the commits that follow are on disk when they return. Not inside a transaction. */
  syncCommits(isOn: boolean): void {
    this.#database.pragma(`synchronous = ${isOn ? 'FULL' : 'NORMAL'}`);
  }

  /** Does what an accepted command needs, and undoes it. */
  probe(): void {
    this.#database.exec('SAVEPOINT probe');
    try {
      this.insert(PROBE);
    } finally {
      this.#database.exec('ROLLBACK TO probe; RELEASE probe');
    }
    // The number in the header of the file is written there again: a full disk shows.
    this.#database.pragma(
      `user_version = ${Number(this.#database.pragma('user_version', { simple: true }))}`,
    );
  }

  #prepared(): Statements {
    if (!this.#statements) throw new Error('the schema was not verified');
    return this.#statements;
  }
}

const PROBE: ProjectedRow = {
  command_id: '',
  command: '',
  pid: 0,
  status: 'running',
  output: null,
  error: null,
  return_code: null,
  start_time: '',
  end_time: null,
  type: '',
  args: '{}',
};
