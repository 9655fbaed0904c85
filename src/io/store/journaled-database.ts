/** Two databases, one transaction: the journal, which is the truth, and the shared table, which is made to say the same.
 *
 * The shared rows are written first and committed last. A lock or an error of the shared database is met before the journal commits, so a new
 * command is refused with nothing recorded. After a crash between the two commits the journal has more than the shared table; it is
 * written there again at the next start. */

import { type SharedClient, SharedNotReady } from '../shared-database/client.ts';
import {
  type Inserted,
  NO_REFUSALS,
  Projection,
  Refusals,
  rowOf,
  SharedTrouble,
  troubleOf,
  type Written,
} from './projection.ts';
import type { Accepted } from './records.ts';
import { DatabaseTrouble, type LiveDatabase } from './reopening-database.ts';
import type { Tables } from './statements.ts';

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

/** Rows that are brought up to date in one transaction. */
const MAX_PROJECTED_COUNT = 256;

/** So many changes of rows may be refused by the shared table, each of them with its request in the journal, until new commands are. */
const MAX_REFUSED_COUNT = 64;
const REFUSES_ROWS = 'the shared database: the table process refuses changes of its rows';

/** How long changes of shared rows wait for others, and for the row of a new command: most commands end within a few milliseconds. */
const PROJECTION_DELAY_MS = 10;

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
  /** Processes whose shared row differs from the journal. */
  readonly #outdated = new Set<number>();
  /** Those of them that the shared table refuses. */
  readonly #refused = new Set<number>();
  /** Shared rows of commands that were refused after all, which may be there. */
  #revoked: Inserted[] = [];
  /** Processes whose end is in the shared row, but possibly not on disk. */
  #ended = new Set<number>();
  #endedLength = 0;
  /** Ended and on disk: the journal need not remember them for the shared table. */
  #durable: number[] = [];
  #sharedTrouble: string | undefined;
  #isClosed = false;
  /** When the rows that are outdated now are to be written (ms, monotonic). */
  #dueFrom = 0;

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

  /** Runs `work` and returns once it is durable, and new commands are visible in the shared table; changes of their rows follow within
   * PROJECTION_DELAY_MS. Throws DatabaseTrouble, or what `work` threw, with nothing written; or ProjectionFailed. */
  transaction<R>(work: (session: Session) => R): R {
    const known = this.#shared.findTrouble();
    let refusals = known ? new Refusals(troubleOf(known)) : NO_REFUSALS;
    for (;;) {
      try {
        return this.#attempt(work, refusals);
      } catch (error) {
        if (!(error instanceof Refusals)) throw error;
        refusals = new Refusals(error.trouble, new Map([...refusals.rows, ...error.rows]));
      }
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#dueFrom = 0;
    try {
      while (this.#outdated.size > 0) {
        const behind = this.#outdated.size;
        this.transaction(() => {});
        if (this.#outdated.size >= behind) break;
      }
      if (this.#shared.checkpoint()) this.sharedDurable();
      if (this.#durable.length > 0) this.transaction(() => {});
    } catch {
      // The next start writes these rows once more.
    }
    this.#shared.close();
    this.#journal.close();
  }

  #attempt<R>(work: (session: Session) => R, refusals: Refusals): R {
    const tables = this.#journal.begin();
    const isDurable = this.#ended.size >= MAX_ENDED_COUNT || this.#endedLength >= MAX_ENDED_LENGTH;
    const projection = new Projection(this.#shared, tables, isDurable);
    const newlyOutdated: number[] = [];
    const durable = this.#durable;
    let result: R;
    try {
      result = work({
        ...tables,
        acceptBoth: (accepted) => {
          refusals.check(accepted.commandId);
          if (this.#refused.size >= MAX_REFUSED_COUNT) throw new SharedTrouble(REFUSES_ROWS, false);
          const processId = tables.accept(accepted);
          projection.insert(processId, rowOf(accepted));
          return processId;
        },
        outdate: (processId) => newlyOutdated.push(processId),
        probeBoth: () => {
          tables.probe();
          refusals.check('');
          projection.probe();
        },
      });
      if (!refusals.trouble && (projection.isNeeded || this.#isDue)) {
        projection.remove(this.#revoked);
        projection.write(this.#firstOutdated(newlyOutdated));
      }
      if (durable.length > 0) tables.forgetProjections(durable);
      this.#journal.commit();
    } catch (error) {
      projection.rollback();
      throw error instanceof Refusals ? this.#abandon(error) : this.#journal.fail(error);
    }
    if (durable.length > 0) this.#durable = [];
    this.#outdate(newlyOutdated);
    const trouble = refusals.trouble ?? projection.commit();
    if (projection.wasTried || trouble) this.#tellUnlessSoon(trouble);
    if (!trouble && projection.wasTried) {
      this.#revoked = [];
      this.#noteWritten(projection.written);
      if (isDurable) this.sharedDurable();
    }
    if (trouble && projection.inserted.length > 0) {
      this.#revoked.push(...projection.inserted);
      throw new ProjectionFailed(result, trouble);
    }
    return result;
  }

  #abandon(refusals: Refusals): Refusals {
    this.#journal.rollback();
    return refusals;
  }

  get #isDue(): boolean {
    return this.#outdated.size > 0 && performance.now() >= this.#dueFrom;
  }

  /** After an outage many more rows can be outdated than one transaction writes. */
  #firstOutdated(newlyOutdated: readonly number[]): readonly number[] {
    const first: number[] = [];
    for (const processId of this.#outdated) {
      if (first.length === MAX_PROJECTED_COUNT) return first;
      first.push(processId);
    }
    return [...first, ...newlyOutdated].slice(0, MAX_PROJECTED_COUNT);
  }

  #outdate(processIds: readonly number[]): void {
    if (processIds.length === 0) return;
    if (this.#outdated.size === 0) this.#dueFrom = performance.now() + PROJECTION_DELAY_MS;
    for (const processId of processIds) this.#outdated.add(processId);
  }

  #tellUnlessSoon(trouble: SharedTrouble | undefined): void {
    if (!(trouble?.cause instanceof SharedNotReady)) this.#tell(trouble?.message);
  }

  #noteWritten(written: readonly Written[]): void {
    for (const { processId, isEnded, isWritten, length } of written) {
      this.#outdated.delete(processId);
      this.#refused.delete(processId);
      // Last in line: a row that the shared table refuses holds up no other.
      if (!isWritten) {
        this.#outdated.add(processId);
        this.#refused.add(processId);
      } else if (isEnded) {
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
