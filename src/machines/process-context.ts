import type {
  Answer,
  Listener,
  ProcessAdmitted,
  ProcessQueued,
  ProcessTransitioned,
} from '../actors/messages.ts';
import type { ChildEvent } from '../actors/run-child.ts';
import type { Plan } from '../commands/command.ts';
import type { ChildEnd, Launch } from '../io/child.ts';
import type { Outcome, Store, Transition } from '../io/store.ts';

export interface ProcessInput {
  readonly slot: string;
  readonly commandId: string;
  readonly connectionId: string;
  readonly plan: Plan;
  readonly acceptedAt: Date;
  readonly deletionRoots: readonly string[];
  readonly maxOutput: number;
  readonly now: () => Date;
  readonly store: Store;
  readonly client: Listener<Answer>;
  readonly supervisor: Listener<ProcessQueued>;
  readonly observer: Listener<ProcessTransitioned>;
}

export interface ProcessContext extends ProcessInput {
  /** The row's id; 0 until it is recorded. */
  readonly processId: number;
  readonly startedAt: Date;
  /** How many of a removal's paths are done; undefined after the last part. */
  readonly next: number | undefined;
  readonly launch: Launch | undefined;
  /** What the parts that ran so far made together. */
  readonly end: ChildEnd;
  readonly why: string | undefined;
  readonly last: Transition | undefined;
  readonly outcome: Outcome | undefined;
}

export type ProcessEvent = ProcessAdmitted | ChildEvent;

export const NOTHING: ChildEnd = { code: 0, stdout: '', stderr: '' };

/** A removal of many parts ends like one `rm`: everything printed, and the first code that is not 0. */
export function joined(first: ChildEnd, second: ChildEnd, limit: number): ChildEnd {
  return {
    code: first.code === 0 ? second.code : first.code,
    stdout: (first.stdout + second.stdout).slice(0, limit),
    stderr: (first.stderr + second.stderr).slice(0, limit),
  };
}

export function step(
  context: ProcessContext,
  from: string,
  to: string,
  event: string,
  why?: string,
): Transition {
  const { processId, commandId } = context;
  return { processId, commandId, from, to, event, at: context.now(), why };
}
