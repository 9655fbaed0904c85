/** What the daemon asks of the process that writes to the shared database, and what it answers. */
import type { ProjectedRow, RowUpdate } from './tables.ts';

/** The first argument of the program where it is to serve the shared database; only the daemon uses it. */
export const SHARED_DATABASE_VERB = 'shared-database';

export interface SharedWrites {
  /** Rows of commands that were never accepted. */
  readonly removals?: readonly { readonly id: number; readonly commandId: string }[];
  readonly inserts?: readonly ProjectedRow[];
  readonly updates?: readonly { readonly id: number; readonly row: RowUpdate }[];
  /** Does what an accepted command needs, and undoes it. */
  readonly isProbe?: boolean;
}

/** `id`: of the row, or null where there is none to update. `refused`: why this row alone cannot be written. */
export type RowResult = { readonly id: number | null } | { readonly refused: string };

/** In the order of the writes. */
export interface SharedResults {
  readonly inserted: readonly RowResult[];
  readonly updated: readonly RowResult[];
}

export type SharedRequest =
  /** Opens the database; answered by an event. */
  | { readonly op: 'open' }
  /** `begin`: in a new transaction. A `durable` one is on disk when its commit is answered, with all before it. */
  | {
      readonly op: 'write';
      readonly writes: SharedWrites;
      readonly begin: 'normal' | 'durable' | undefined;
    }
  | { readonly op: 'commit' | 'rollback' | 'checkpoint' | 'close' };

/** The transaction, if there was one, is rolled back. `busy`: a lock is in the way. */
export interface SharedTroubleAnswer {
  readonly trouble: string;
  readonly busy: boolean;
  /** Whether the database is still open. If not, it is to be opened by a request that nothing waits for. */
  readonly isOpen: boolean;
}

export type SharedAnswer =
  | SharedTroubleAnswer
  | {
      readonly results?: SharedResults | undefined;
      /** Of a checkpoint: all commits before it are on disk. */
      readonly isComplete?: boolean;
      /** After a commit: a checkpoint is being made, and its end is an event. */
      readonly isCheckpointing?: boolean;
    };

/** Lines that come without a question of their own. */
export type SharedEvent =
  | { readonly event: 'opened'; readonly trouble?: SharedTroubleAnswer | undefined }
  | { readonly event: 'checkpointed'; readonly isComplete: boolean };
