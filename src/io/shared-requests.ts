/** What the daemon asks of the process that writes to the shared database, and what it answers. */
import type { ProjectedRow, RowUpdate } from './shared-tables.ts';

/** The verb of the program that serves the shared database; the daemon alone uses it. */
export const SHARED_DATABASE_VERB = 'shared-database';

export type SharedRequest =
  /** Opens the database; answered by an event. */
  | { readonly op: 'open' }
  | { readonly op: 'insert'; readonly row: ProjectedRow }
  /** Answered with null where the row is missing. */
  | { readonly op: 'update'; readonly id: number; readonly row: RowUpdate }
  | { readonly op: 'remove'; readonly id: number; readonly commandId: string }
  | { readonly op: 'probe' | 'nothing' | 'commit' | 'rollback' | 'checkpoint' | 'close' };

/** `begin`: a transaction is begun first. The commit of a `durable` one is on disk when it is answered, with all before it. */
export type SharedMessage = SharedRequest & { readonly begin?: 'normal' | 'durable' | undefined };

/** `trouble`: the transaction, if there was one, is rolled back. `refused`: this row alone cannot be written. */
export type SharedAnswer =
  | { readonly value: number | boolean | null; readonly isCheckpointing?: boolean }
  | { readonly trouble: string; readonly busy: boolean }
  | { readonly refused: string };

/** Lines that come without a question of their own. `isComplete`: all commits before are on disk. */
export type SharedEvent =
  | { readonly event: 'opened'; readonly trouble?: string; readonly busy?: boolean }
  | { readonly event: 'checkpointed'; readonly isComplete: boolean };
