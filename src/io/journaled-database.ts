/** Two databases, one transaction: the journal, which is the truth, and the shared table, which is made to say the same.
 *
 * The shared rows are written first and committed last. A lock or an error of the shared database is met before the journal commits, so a new
 * command is refused with nothing recorded. After a crash between the two commits the journal has more than the shared table; it is
 * written there again at the next start. */
import { messageOf } from '../errors.ts';
import { faultPoint } from './fault-point.ts';
import { DatabaseTrouble, type LiveDatabase } from './live-database.ts';
import type { Accepted } from './records.ts';
import { RowRefused, type SharedClient, SharedNotReady } from './shared-client.ts';
import type { ProjectedRow } from './shared-tables.ts';
import type { Projection, Tables } from './tables.ts';
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

/** Ended processes that the journal may keep for the shared table, and the length of their texts (characters), until a commit waits for
 * the disk of the shared database. Checkpoints come before that, unless a reader keeps its transaction open. */
const MAX_ENDED_COUNT = 1_000;
const MAX_ENDED_LENGTH = 4 * 1_024 * 1_024;

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
  readonly shared: SharedClient;
  /** Called when trouble with the shared database begins, when its reason changes, and with `undefined` at its end. */
  readonly onSharedTrouble: (trouble: string | undefined) => void;
}

export class JournaledDatabase {
  readonly #journal: LiveDatabase<Tables>;
  readonly #shared: SharedClient;
  readonly #onSharedTrouble: (trouble: string | undefined) => void;
  /** Processes whose shared row does not say what the journal says. */
  readonly #outdated = new Set<number>();
  /** Shared rows of commands that were refused after all, which may be there. */
  #revoked: Inserted[] = [];
  /** Processes whose end is in the shared row, and not known to be on its disk. */
  #ended = new Set<number>();
  #endedLength = 0;
  /** Ended and on disk: the journal need not remember them for the shared table. */
  #durable: number[] = [];
  #sharedTrouble: string | undefined;
  #isClosed = false;

  constructor({ journal, shared, onSharedTrouble }: JournaledDatabaseOptions) {
    this.#journal = journal;
    this.#shared = shared;
    this.#onSharedTrouble = onSharedTrouble;
  }

  /** Opens the journal; the shared database is opened when it is first needed, and its trouble may end. Throws as the journal's opening
   * does. */
  open(): void {
    this.#journal.open();
    for (const processId of this.#journal.read((tables) => tables.projections())) {
      this.#outdated.add(processId);
    }
  }

  /** To be called when the shared database was opened, or could not be. */
  sharedOpened(trouble: DatabaseTrouble | undefined): void {
    if (trouble && !trouble.busy) this.#tell(troubleOf(trouble).message);
    if (trouble) return;
    this.#tell(undefined);
    this.#catchUp();
  }

  /** Writes the shared rows that may be lost, some at a time. What a lock holds up follows with later transactions. */
  #catchUp(): void {
    const behind = this.#outdated.size;
    if (behind === 0 || this.#isClosed) return;
    try {
      this.transaction(() => {});
    } catch (error) {
      if (!(error instanceof DatabaseTrouble)) throw error;
    }
    if (this.#outdated.size < behind) setImmediate(() => this.#catchUp());
  }

  get sharedTrouble(): string | undefined {
    return this.#sharedTrouble;
  }

  /** True while shared rows wait to be written. */
  get isBehind(): boolean {
    return this.#outdated.size > 0;
  }

  /** To be called when all that was committed to the shared database is on its disk. */
  sharedDurable(): void {
    for (const processId of this.#ended) this.#durable.push(processId);
    this.#ended = new Set();
    this.#endedLength = 0;
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
    this.#isClosed = true;
    try {
      if (this.#outdated.size > 0) this.transaction(() => {});
      if (this.#shared.checkpoint()) this.sharedDurable();
      if (this.#durable.length > 0) this.transaction(() => {});
    } catch {
      // The next start writes these rows once more.
    }
    this.#shared.close();
    this.#journal.close();
  }

  #attempt<R>(work: (session: Session) => R, failure: SharedTrouble | undefined): R {
    const tables = this.#journal.begin();
    const isDurable = this.#ended.size >= MAX_ENDED_COUNT || this.#endedLength >= MAX_ENDED_LENGTH;
    const projecting = new Projecting(this.#shared, { failure, isDurable });
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
      projecting.remove(this.#revoked);
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
    if (projecting.wasTried && !(trouble?.cause instanceof SharedNotReady)) this.#tell(trouble?.message);
    if (!trouble && projecting.wasTried) {
      this.#revoked = [];
      this.#noteWritten(written);
      if (isDurable) this.sharedDurable();
    }
    if (trouble && projecting.hasInserted) {
      this.#revoked.push(...projecting.inserted);
      throw new ProjectionFailed(result, trouble);
    }
    return result;
  }

  #noteWritten(written: readonly Written[]): void {
    for (const { processId, isEnded, isWritten, length } of written) {
      this.#outdated.delete(processId);
      // Last in line: a row that the shared table refuses holds up no other.
      if (!isWritten) this.#outdated.add(processId);
      else if (isEnded) {
        this.#ended.add(processId);
        this.#endedLength += length;
      }
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
  /** Of the texts that the journal keeps of it (characters). */
  readonly length: number;
}

interface Inserted {
  readonly sharedId: number;
  readonly commandId: string;
}

/** The part of one transaction that writes to the shared database. It begins with the first write. */
class Projecting {
  readonly #shared: SharedClient;
  readonly #isDurable: boolean;
  #isBegun = false;
  #failure: SharedTrouble | undefined;
  readonly inserted: Inserted[] = [];

  constructor(
    shared: SharedClient,
    { failure, isDurable }: { readonly failure: SharedTrouble | undefined; readonly isDurable: boolean },
  ) {
    this.#shared = shared;
    this.#failure = failure;
    this.#isDurable = isDurable;
  }

  get hasInserted(): boolean {
    return this.inserted.length > 0;
  }

  get wasTried(): boolean {
    return this.#isBegun || this.#failure !== undefined;
  }

  /** Throws SharedTrouble; or SharedLost, where what was inserted before is lost with it. */
  run<R>(work: (shared: SharedClient) => R): R {
    if (this.#failure) throw this.#failure;
    try {
      if (!this.#isBegun) this.#shared.begin(this.#isDurable);
      this.#isBegun = true;
      return work(this.#shared);
    } catch (error) {
      if (error instanceof RowRefused) throw new SharedTrouble(error.message, false, error);
      this.#failure = troubleOf(error);
      throw this.hasInserted ? new SharedLost('', { cause: this.#failure }) : this.#failure;
    }
  }

  insert(row: ProjectedRow): number {
    const sharedId = this.run((shared) => shared.insert(row));
    this.inserted.push({ sharedId, commandId: row.command_id });
    return sharedId;
  }

  /** Trouble leaves them for a later transaction. */
  remove(rows: readonly Inserted[]): void {
    try {
      for (const { sharedId, commandId } of rows) this.run((shared) => shared.remove(sharedId, commandId));
    } catch (error) {
      if (!(error instanceof SharedTrouble)) throw error;
    }
  }

  bringUpToDate(journal: Tables, processIds: readonly number[]): readonly Written[] {
    const written: Written[] = [];
    for (const processId of processIds.slice(0, MAX_PROJECTED_COUNT)) {
      const found = journal.projection(processId);
      try {
        const length = found ? this.#write(journal, processId, found) : 0;
        written.push({ processId, isEnded: found?.row.status !== 'running', isWritten: true, length });
      } catch (error) {
        if (!(error instanceof SharedTrouble)) throw error;
        if (this.#failure) return [];
        written.push({ processId, isEnded: false, isWritten: false, length: 0 });
      }
    }
    return written;
  }

  /** Returns how much text the journal keeps of it. */
  #write(journal: Tables, processId: number, { sharedId, row, complete }: Projection): number {
    const { command, start_time: _, type: __, args, ...changes } = row;
    const id =
      this.run((shared) => shared.update(sharedId, changes)) ??
      this.run((shared) => shared.insert(complete()));
    if (id !== sharedId) journal.moveProjection(processId, id);
    return command.length + args.length;
  }

  /** Returns the trouble that there was. */
  commit(): SharedTrouble | undefined {
    if (this.#failure || !this.#isBegun) return this.#failure;
    try {
      faultPoint('journal.committed');
      this.#shared.commit();
    } catch (error) {
      this.#failure = troubleOf(error);
      // A fault that a test puts here leaves the transaction open.
      this.#shared.rollback();
    }
    return this.#failure;
  }

  rollback(): void {
    if (this.#isBegun && !this.#failure) this.#shared.rollback();
  }
}

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
