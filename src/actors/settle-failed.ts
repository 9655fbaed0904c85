import { asDaemonError } from '../errors.ts';
import type { Transition } from '../io/records.ts';
import type { Store } from '../io/store.ts';
import { type Acceptable, acceptedOf } from './record.ts';

/** What is known of a process whose actor failed. */
export interface Failed extends Acceptable {
  /** The row's id; 0 until it is recorded. */
  readonly processId: number;
  readonly last: Transition | undefined;
  readonly outcome: unknown;
}

/** A process whose actor failed has its end on record all the same. */
export function settleFailed(
  failed: Failed,
  error: unknown,
  { store, now }: { store: Store; now: () => Date },
): void {
  const { processId, commandId, last, outcome } = failed;
  if (processId === 0 || outcome !== undefined) return;
  const { message, remedy } = asDaemonError(error);
  const at = now();
  const from = last?.to ?? 'pending';
  const transition = { processId, commandId, from, to: 'failed', event: 'actor.failed', at, why: message };
  const stderr = `${message}. What to do: ${remedy}\n`;
  store.end(transition, { code: -1, stdout: '', stderr, at }, acceptedOf(failed)).catch(() => {});
}
