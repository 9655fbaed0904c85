import { fromPromise } from 'xstate';
import type { Plan } from '../../commands/command.ts';
import type { Peer } from '../../io/socket/peer.ts';
import type { Accepted, Outcome, Transition } from '../../io/store/records.ts';
import type { Store } from '../../io/store/store.ts';

/** What a process knows of the command that it carries out. */
export interface Acceptable {
  readonly commandId: string;
  readonly connectionId: string;
  readonly peer: Peer;
  readonly plan: Plan;
  /** The text that the plan was made from. */
  readonly request: string;
  readonly acceptedAt: Date;
}

export function acceptedOf({
  commandId,
  connectionId,
  peer,
  plan,
  request,
  acceptedAt,
}: Acceptable): Accepted {
  const { type, command, args, touches } = plan;
  return { commandId, connectionId, peer, type, command, args, touches, request, at: acceptedAt };
}

/** Each of these is done when the disk has the write. */
export const recordAccepted = fromPromise<number, { store: Store; accepted: Accepted }>(({ input }) =>
  input.store.accept(input.accepted),
);

export const recordStart = fromPromise<void, { store: Store; transition: Transition }>(({ input }) =>
  input.store.start(input.transition),
);

export const recordRecovered = fromPromise<void, { store: Store; transition: Transition }>(({ input }) =>
  input.store.recover(input.transition),
);

export interface RecordEndInput {
  readonly store: Store;
  readonly transition: Transition;
  readonly outcome: Outcome;
  readonly accepted: Accepted;
}

export const recordEnd = fromPromise<void, RecordEndInput>(({ input }) =>
  input.store.end(input.transition, input.outcome, input.accepted),
);
