/** Two databases, one transaction: the journal, which is the truth, and the shared table, which is made to say the same.
 *
 * The shared rows are written first and committed last. A lock or an error of the shared database is met before the journal commits, so a new
 * command is refused with nothing recorded. After a crash between the two commits the journal has more than the shared table; it is
 * written there again at the next start. */
import { messageOf } from '../errors.ts';
import { faultPoint } from './fault-point.ts';
import { DatabaseTrouble, type LiveDatabase } from './live-database.ts';
import type { Accepted } from './records.ts';
import type { ProjectedRow, SharedTables } from './shared-tables.ts';
import type { Tables } from './tables.ts';
import { timestamp } from './timestamp.ts';

/** The shared database does not take the row of a new command; nothing was written for it. */
export class SharedTrouble extends DatabaseTrouble {}

/** The journal is committed, the shared database is not: what was accepted in this transaction is in no shared row. */
export class ProjectionFailed extends Error {
  readonly results: unknown;
  readonly trouble: SharedTrouble;

  constructor(results: unknown, trouble: SharedTrouble) {
    super(trouble.message, { cause: trouble });
    this.results = results;
    this.trouble = trouble;
  }
}

/** Rows had been inserted before the shared database failed: the transaction is done again without it. */
class SharedLost extends Error {}

/** Rows that are brought up to date in one transaction. */
const MAX_PROJECTED_COUNT = 256;

/** The tables of the journal, and what concerns both databases. */
export interface Session extends Tables {
  /** Inserts the shared row and writes the command to the journal. Throws SharedTrouble; then nothing was written. */
  acceptBoth(accepted: Accepted): number;
  /** The shared row of this process is to be brought up to date. */
  outdate(processId: number): void;
  /** Does what an accepted command needs of both databases, and undoes it. Throws SharedTrouble. */
  probeBoth(): void;
}

export interface JournaledDatabaseOptions {
  readonly journal: LiveDatabase<Tables>;
  readonly shared: LiveDatabase<SharedTables>;
  /** Called when trouble with the shared database begins, when its reason changes, and with `undefined` at its end. */
  readonly onSharedTrouble: (trouble: string | undefined) => void;
}

export class JournaledDatabase {
  readonly #journal: LiveDatabase<Tables>;
  readonly #shared: LiveDatabase<SharedTables>;
  readonly #onSharedTrouble: (trouble: string | undefined) => void;
  /** Processes whose shared row does not say what the journal says. */
  readonly #outdated = new Set<number>();
  /** Processes whose end is in the shared row, and not known to be on its disk. */
  #ended = new Set<number>();
  /** Ended and on disk: the journal need not remember them for the shared table. */
  #durable: number[] = [];
  #sharedTrouble: string | undefined;

  constructor({ journal, shared, onSharedTrouble }: JournaledDatabaseOptions) {
    this.#journal = journal;
    this.#shared = shared;
    this.#onSharedTrouble = onSharedTrouble;
  }

  /** Opens both. A shared database that cannot be used is trouble that may end; without a journal there is no daemon. Throws as the
   * journal's opening does. */
  open(): void {
    this.#journal.open();
    for (const processId of this.#journal.read((tables) => tables.projections())) {
      this.#outdated.add(processId);
    }
    try {
      this.#shared.open();
      // Checks the schema, and makes the table where there is none.
      this.#shared.transaction(() => {});
    } catch (error) {
      const isBusy = error instanceof DatabaseTrouble && error.busy;
      if (!isBusy) return this.#tell(troubleOf(error).message);
    }
    this.#repair();
  }

  /** Writes the shared rows that may be lost. Rows that a lock keeps from being written now follow with the next transaction. */
  #repair(): void {
    const rounds = Math.ceil(this.#outdated.size / MAX_PROJECTED_COUNT);
    try {
      for (let round = 0; round < rounds && this.#sharedTrouble === undefined; round++)
        this.transaction(() => {});
    } catch (error) {
      if (!(error instanceof DatabaseTrouble)) throw error;
    }
  }

  get sharedTrouble(): string | undefined {
    return this.#sharedTrouble;
  }

  /** True while shared rows wait to be written. */
  get isBehind(): boolean {
    return this.#outdated.size > 0;
  }

  /** To be called after a checkpoint of the shared database: what was committed there before is on disk. */
  checkpointed(): void {
    this.#durable.push(...this.#ended);
    this.#ended = new Set();
  }

  /** Runs `work` and returns once it is durable and visible. Throws DatabaseTrouble, or what `work` threw, with nothing written; or
   * ProjectionFailed. */
  transaction<R>(work: (session: Session) => R): R {
    try {
      return this.#attempt(work, undefined);
    } catch (error) {
      if (!(error instanceof SharedLost)) throw error;
      return this.#attempt(work, error.cause as SharedTrouble);
    }
  }

  close(): void {
    try {
      if (this.#outdated.size > 0) this.transaction(() => {});
      if (this.#shared.checkpoint()) this.checkpointed();
      if (this.#durable.length > 0) this.transaction(() => {});
    } catch {
      // The next start writes these rows once more.
    }
    this.#shared.close();
    this.#journal.close();
  }

  #attempt<R>(work: (session: Session) => R, failure: SharedTrouble | undefined): R {
    const tables = this.#journal.begin();
    const projecting = new Projecting(this.#shared, failure);
    const newlyOutdated: number[] = [];
    const durable = this.#durable;
    let result: R;
    let written: readonly Written[];
    try {
      result = work({
        ...tables,
        acceptBoth: (accepted) => tables.accept(accepted, projecting.insert(rowOf(accepted))),
        outdate: (processId) => newlyOutdated.push(processId),
        probeBoth: () => {
          tables.probe();
          projecting.run((shared) => shared.probe());
        },
      });
      written = projecting.bringUpToDate(tables, [...this.#outdated, ...newlyOutdated]);
      if (durable.length > 0) tables.forgetProjections(durable);
      this.#journal.commit();
    } catch (error) {
      projecting.rollback();
      throw this.#journal.fail(error);
    }
    if (durable.length > 0) this.#durable = [];
    for (const processId of newlyOutdated) this.#outdated.add(processId);
    const trouble = projecting.commit();
    if (projecting.wasTried) this.#tell(trouble?.message);
    if (!trouble) this.#noteWritten(written);
    if (trouble && projecting.hasInserted) throw new ProjectionFailed(result, trouble);
    return result;
  }

  #noteWritten(written: readonly Written[]): void {
    for (const { processId, isEnded, isWritten } of written) {
      this.#outdated.delete(processId);
      // Last in line: a row that the shared table refuses holds up no other.
      if (!isWritten) this.#outdated.add(processId);
      else if (isEnded) this.#ended.add(processId);
    }
  }

  #tell(trouble: string | undefined): void {
    if (trouble === this.#sharedTrouble) return;
    this.#sharedTrouble = trouble;
    this.#onSharedTrouble(trouble);
  }
}

interface Written {
  readonly processId: number;
  readonly isEnded: boolean;
  /** False where the shared table refuses this row. */
  readonly isWritten: boolean;
}

/** The part of one transaction that writes to the shared database. It begins with the first write. */
class Projecting {
  readonly #database: LiveDatabase<SharedTables>;
  #tables: SharedTables | undefined;
  #failure: SharedTrouble | undefined;
  hasInserted = false;

  constructor(database: LiveDatabase<SharedTables>, failure: SharedTrouble | undefined) {
    this.#database = database;
    this.#failure = failure;
  }

  get wasTried(): boolean {
    return this.#tables !== undefined || this.#failure !== undefined;
  }

  /** Throws SharedTrouble; or SharedLost, where what was inserted before is lost with it. */
  run<R>(work: (tables: SharedTables) => R): R {
    if (this.#failure) throw this.#failure;
    try {
      this.#tables ??= this.#database.begin();
      return work(this.#tables);
    } catch (error) {
      if (isConstraint(error)) throw new SharedTrouble(messageOf(error), false, error);
      const failed = this.#database.fail(error);
      // An error without a better name may lie in what the connection remembers.
      if (!(failed instanceof DatabaseTrouble)) this.#database.close();
      this.#failure = troubleOf(failed);
      throw this.hasInserted ? new SharedLost('', { cause: this.#failure }) : this.#failure;
    }
  }

  insert(row: ProjectedRow): number {
    const id = this.run((tables) => tables.insert(row));
    this.hasInserted = true;
    return id;
  }

  bringUpToDate(journal: Tables, processIds: readonly number[]): readonly Written[] {
    const written: Written[] = [];
    for (const processId of processIds.slice(0, MAX_PROJECTED_COUNT)) {
      const found = journal.projection(processId);
      try {
        if (found) {
          const { sharedId, row, complete } = found;
          const id = this.run((shared) => shared.write(sharedId, row, complete));
          if (id !== sharedId) journal.moveProjection(processId, id);
        }
        written.push({ processId, isEnded: found?.row.status !== 'running', isWritten: true });
      } catch (error) {
        if (!(error instanceof SharedTrouble)) throw error;
        if (this.#failure) return [];
        written.push({ processId, isEnded: false, isWritten: false });
      }
    }
    return written;
  }

  /** Returns the trouble that there was. */
  commit(): SharedTrouble | undefined {
    if (this.#failure || !this.#tables) return this.#failure;
    try {
      faultPoint('journal.committed');
      this.#database.commit();
    } catch (error) {
      this.#failure = troubleOf(this.#database.fail(error));
    }
    return this.#failure;
  }

  rollback(): void {
    if (this.#tables && !this.#failure) this.#database.rollback();
  }
}

const isConstraint = (error: unknown) =>
  /^SQLITE_CONSTRAINT/.test((error as { code?: string } | undefined)?.code ?? '');

function troubleOf(error: unknown): SharedTrouble {
  if (error instanceof SharedTrouble) return error;
  const isBusy = error instanceof DatabaseTrouble && error.busy;
  return new SharedTrouble(`the shared database: ${messageOf(error)}`, isBusy, error);
}

function rowOf({ commandId, command, type, args, at }: Accepted): ProjectedRow {
  return {
    command_id: commandId,
    command,
    pid: 0,
    status: 'running',
    output: null,
    error: null,
    return_code: null,
    start_time: timestamp(at),
    end_time: null,
    type,
    args: JSON.stringify(args),
  };
}
