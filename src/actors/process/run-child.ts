import { fromCallback } from 'xstate';
import type { DaemonError } from '../../errors.ts';
import { type ChildEnd, type Launch, startChild } from '../../io/child/child.ts';
import type { ProcessIdentity } from '../../io/child/identity.ts';

export type ChildEvent =
  | { readonly type: 'child.spawned'; readonly child: ProcessIdentity }
  | { readonly type: 'child.exited'; readonly end: ChildEnd }
  | { readonly type: 'child.refused'; readonly error: DaemonError };

export interface RunChildInput {
  readonly launch: Launch;
  /** Bytes kept of each stream. */
  readonly maxOutput: number;
}

/** Starts the program and reports its pid, then its end. It is never killed: what was begun is finished. */
export const runChild = fromCallback<ChildEvent, RunChildInput>(({ input, sendBack }) => {
  const send = sendBack as (event: ChildEvent) => void;
  startChild(input.launch, input.maxOutput, {
    spawned: (child) => send({ type: 'child.spawned', child }),
    ended: (end) => send({ type: 'child.exited', end }),
    refused: (error) => send({ type: 'child.refused', error }),
  });
});
