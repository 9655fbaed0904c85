import { fromPromise } from 'xstate';
import type { Accepted, Outcome, Store, Transition } from '../io/store.ts';

/** Each of these is done when the disk has the write. */
export const recordAccepted = fromPromise<number, { store: Store; accepted: Accepted }>(({ input }) =>
  input.store.accept(input.accepted),
);

export const recordStart = fromPromise<void, { store: Store; transition: Transition }>(({ input }) =>
  input.store.start(input.transition),
);

export const recordEnd = fromPromise<void, { store: Store; transition: Transition; outcome: Outcome }>(
  ({ input }) => input.store.end(input.transition, input.outcome),
);
