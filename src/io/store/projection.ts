/** The part of a transaction of the journal that is written to the shared table. */
import { messageOf } from '../../errors.ts';
import { faultPoint } from '../os/fault-point.ts';
import type { SharedClient } from '../shared-database/client.ts';
import type { RowResult } from '../shared-database/requests.ts';
import type { ProjectedRow, RowUpdate } from '../shared-database/tables.ts';
import type { Accepted } from './records.ts';
import { DatabaseTrouble } from './reopening-database.ts';
import type { Projection as JournalRow, Tables } from './statements.ts';
import { timestamp } from './timestamp.ts';

/** The shared database does not take the row of a new command; nothing was written for it. */
export class SharedTrouble extends DatabaseTrouble {}

/** Rows that the shared database refuses. Their transaction is repeated without them. */
export class Refusals extends Error {
  /** Where nothing can be written. */
  readonly trouble: SharedTrouble | undefined;
  /** Rows that cannot be written, by the id of their command. */
  readonly rows: ReadonlyMap<string, SharedTrouble>;

  constructor(trouble: SharedTrouble | undefined, rows: ReadonlyMap<string, SharedTrouble> = new Map()) {
    super();
    this.trouble = trouble;
    this.rows = rows;
  }

  /** Throws the SharedTrouble of this command. */
  check(commandId: string): void {
    const trouble = this.trouble ?? this.rows.get(commandId);
    if (trouble) throw trouble;
  }
}

export const NO_REFUSALS = new Refusals(undefined);

export interface Written {
  readonly processId: number;
  readonly isEnded: boolean;
  /** False where the shared table refuses this row. */
  readonly isWritten: boolean;
  /** Of the texts that the journal keeps of it (characters). */
  readonly length: number;
}

export interface Inserted {
  readonly id: number;
  readonly commandId: string;
}

/** Characters; one row more may be inserted. */
const MAX_COMPLETED_LENGTH = 1_048_576;

interface Changed {
  readonly processId: number;
  readonly found: JournalRow;
}

/** The part of one transaction that writes to the shared database: all of it with one question, and a second one where rows are
 * missing there. */
export class Projection {
  readonly #shared: SharedClient;
  readonly #journal: Tables;
  readonly #isDurable: boolean;
  readonly #rows: { readonly processId: number; readonly row: ProjectedRow }[] = [];
  #isProbed = false;
  #isBegun = false;
  #failure: SharedTrouble | undefined;
  #removed: readonly Inserted[] = [];
  readonly inserted: Inserted[] = [];
  readonly written: Written[] = [];

  constructor(shared: SharedClient, journal: Tables, isDurable: boolean) {
    this.#shared = shared;
    this.#journal = journal;
    this.#isDurable = isDurable;
  }

  /** True where the transaction cannot do without the shared database. */
  get isNeeded(): boolean {
    return this.#rows.length > 0 || this.#isProbed;
  }

  get wasTried(): boolean {
    return this.#isBegun || this.#failure !== undefined;
  }

  /** The row of a new command. */
  insert(processId: number, row: ProjectedRow): void {
    this.#rows.push({ processId, row });
  }

  probe(): void {
    this.#isProbed = true;
  }

  /** Rows of commands that were never accepted. */
  remove(rows: readonly Inserted[]): void {
    this.#removed = rows;
  }

  /** Writes all, and brings the rows of these processes up to date. Throws Refusals where new commands are not taken. */
  write(outdated: readonly number[]): void {
    const changed = outdated.flatMap((processId): Changed[] => {
      const found = this.#journal.projection(processId);
      if (!found) this.written.push({ processId, isEnded: true, isWritten: true, length: 0 });
      return found ? [{ processId, found }] : [];
    });
    try {
      const results = this.#shared.begin(
        {
          removals: this.#removed,
          isProbe: this.#isProbed,
          inserts: this.#rows.map(({ row }) => row),
          updates: changed.map(({ found }) => updateOf(found)),
        },
        this.#isDurable,
      );
      this.#isBegun = true;
      this.#noteInserted(results.inserted);
      this.#noteUpdated(changed, results.updated);
    } catch (error) {
      if (error instanceof Refusals) throw error;
      this.#failure = troubleOf(error);
      this.written.length = 0;
      if (this.isNeeded) throw new Refusals(this.#failure);
    }
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

  #noteInserted(results: readonly RowResult[]): void {
    const refused = new Map<string, SharedTrouble>();
    for (const [index, { processId, row }] of this.#rows.entries()) {
      const result = results[index];
      if (result && 'refused' in result) {
        refused.set(row.command_id, new SharedTrouble(result.refused, false));
        continue;
      }
      const id = idOf(result);
      this.#journal.project(processId, id);
      this.inserted.push({ id, commandId: row.command_id });
    }
    if (refused.size > 0) throw new Refusals(undefined, refused);
  }

  /** Rows that are missing are inserted with their whole texts. */
  #noteUpdated(changed: readonly Changed[], results: readonly RowResult[]): void {
    const isMissing = (_: unknown, index: number) => {
      const result = results[index];
      return result !== undefined && 'id' in result && result.id === null;
    };
    const missing = changed.filter(isMissing);
    const inserts = completeSome(missing);
    const completed = inserts.length === 0 ? [] : this.#shared.write({ inserts }).inserted;
    for (const [index, one] of changed.entries()) {
      const at = missing.indexOf(one);
      // Others follow with a later transaction.
      if (at < completed.length) this.#noteRow(one, at === -1 ? results[index] : completed[at]);
    }
  }

  #noteRow({ processId, found }: Changed, result: RowResult | undefined): void {
    const isWritten = result !== undefined && !('refused' in result);
    if (isWritten && idOf(result) !== found.sharedId) this.#journal.moveProjection(processId, idOf(result));
    const { status, command, args } = found.row;
    const isEnded = isWritten && status !== 'running';
    this.written.push({ processId, isEnded, isWritten, length: command.length + args.length });
  }
}

/** Of the first rows, with their whole texts. */
function completeSome(missing: readonly Changed[]): ProjectedRow[] {
  const rows: ProjectedRow[] = [];
  let length = 0;
  for (const { found } of missing) {
    if (length > MAX_COMPLETED_LENGTH) break;
    const row = found.complete();
    length += row.command.length + row.args.length;
    rows.push(row);
  }
  return rows;
}

function idOf(result: RowResult | undefined): number {
  if (!result || !('id' in result) || result.id === null) {
    throw new DatabaseTrouble('its process gave no id of a row', false);
  }
  return result.id;
}

function updateOf({ sharedId, row }: JournalRow): { readonly id: number; readonly row: RowUpdate } {
  const { command: _, start_time: __, type: ___, args: ____, ...changes } = row;
  return { id: sharedId, row: changes };
}
export function troubleOf(error: unknown): SharedTrouble {
  if (error instanceof SharedTrouble) return error;
  const isBusy = error instanceof DatabaseTrouble && error.busy;
  return new SharedTrouble(`the shared database: ${messageOf(error)}`, isBusy, error);
}

export function rowOf({ commandId, command, type, args, at }: Accepted): ProjectedRow {
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
