import { asDaemonError } from '../../errors.ts';
import type { Transition } from '../../io/store/records.ts';
import type { Store } from '../../io/store/store.ts';
import type { Listener, ProcessTransitioned } from '../messages.ts';
import { type Acceptable, acceptedOf } from './persist.ts';

/** A process whose actor failed. */
export interface Failed extends Acceptable {
  /** The row's id; 0 until it is recorded. */
  readonly processId: number;
  readonly startedAt: Date;
  readonly last: Transition | undefined;
  readonly outcome: unknown;
}

interface Settling {
  readonly store: Store;
  readonly now: () => Date;
  readonly observer: () => Listener<ProcessTransitioned>;
}

/** Records the end of a process whose actor failed, and reports it to the observer of ends. */
export function settleFailed(failed: Failed, error: unknown, { store, now, observer }: Settling): void {
  const { processId, commandId, last, startedAt } = failed;
  if (processId === 0 || failed.outcome !== undefined) return;
  const { message, remedy } = asDaemonError(error);
  const at = now();
  const from = last?.to ?? 'pending';
  const transition = { processId, commandId, from, to: 'failed', event: 'actor.failed', at, why: message };
  const stderr = `${message}. What to do: ${remedy}\n`;
  const outcome = { code: -1, stdout: '', stderr, at };
  const accepted = acceptedOf(failed);
  const tell = () =>
    observer().send({
      type: 'process.transitioned',
      transition,
      accepted,
      warnings: [],
      startedAt,
      outcome,
    });
  store.end(transition, outcome, accepted).then(tell, () => {});
}
