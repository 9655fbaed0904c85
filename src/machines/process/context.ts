import type {
  Answer,
  Listener,
  ProcessOrder,
  ProcessReport,
  ProcessTransitioned,
} from '../../actors/messages.ts';
import type { OrphanEvent } from '../../actors/process/await-orphan.ts';
import type { Acceptable } from '../../actors/process/persist.ts';
import type { ChildEvent } from '../../actors/process/run-child.ts';
import type { Plan } from '../../commands/command.ts';
import type { Outcome as Planned } from '../../commands/request.ts';
import { joinCaptured } from '../../io/child/capture.ts';
import type { ChildEnd, Launch } from '../../io/child/child.ts';
import type { Outcome, Transition, Unsettled } from '../../io/store/records.ts';
import type { Store } from '../../io/store/store.ts';

export interface ProcessInput extends Acceptable {
  readonly slot: string;
  readonly deletionRoots: readonly string[];
  readonly unsafeRoots: readonly string[];
  readonly ownFiles: readonly string[];
  readonly maxOutput: number;
  /** Milliseconds after which a command that a restart finds pending is not started any more. */
  readonly pendingLifetime: number;
  readonly now: () => Date;
  /** Resolves when long work may go on; others have their turn before. */
  readonly nextSlice: () => Promise<void>;
  readonly store: Store;
  /** The client's connection; undefined for a process of the last daemon. */
  readonly client: Listener<Answer> | undefined;
  readonly supervisor: Listener<ProcessReport>;
  readonly observer: Listener<ProcessTransitioned>;
  /** The record that the last daemon left. */
  readonly recovered: Unsettled | undefined;
  /** Plans a recovered request by the same checks as a new one, so write access to the database gives no further rights. */
  readonly replan: (unsettled: Unsettled) => Planned<Plan>;
}

export interface ProcessContext extends ProcessInput {
  /** The row's id; 0 until it is recorded. */
  readonly processId: number;
  readonly startedAt: Date;
  /** Why a recovered request is refused today. */
  readonly objection: string | undefined;
  /** How many of a removal's paths are done; undefined after the last part. */
  readonly next: number | undefined;
  readonly launch: Launch | undefined;
  /** What the parts that ran so far made together. */
  readonly end: ChildEnd;
  readonly why: string | undefined;
  readonly last: Transition | undefined;
  readonly outcome: Outcome | undefined;
}

export type ProcessEvent = ProcessOrder | ChildEvent | OrphanEvent;

export const NOTHING: ChildEnd = { code: 0, stdout: '', stderr: '' };

/** How many daemons may end while they take over a command. */
export const MAX_RECOVERIES = 3;

export function newContext(input: ProcessInput): ProcessContext {
  return {
    ...input,
    processId: input.recovered?.processId ?? 0,
    startedAt: input.acceptedAt,
    objection: undefined,
    next: 0,
    launch: undefined,
    end: NOTHING,
    why: undefined,
    last: undefined,
    outcome: undefined,
  };
}

/** A removal of many parts ends like one `rm`: with what all of them printed, bounded as one, and the first code that
 * is not 0. */
export function joined(first: ChildEnd, second: ChildEnd, limit: number): ChildEnd {
  const part = (end: ChildEnd, stream: 'stdout' | 'stderr') => ({
    text: end[stream],
    left: end.left?.[stream] ?? 0,
  });
  const stdout = joinCaptured(part(first, 'stdout'), part(second, 'stdout'), limit);
  const stderr = joinCaptured(part(first, 'stderr'), part(second, 'stderr'), limit);
  return {
    code: first.code === 0 ? second.code : first.code,
    stdout: stdout.text,
    stderr: stderr.text,
    ...(stdout.left + stderr.left > 0 ? { left: { stdout: stdout.left, stderr: stderr.left } } : {}),
  };
}

/** The transition from where the last one led. */
export function step(context: ProcessContext, to: string, event: string, why?: string): Transition {
  const { processId, commandId, last, recovered } = context;
  const from = last?.to ?? recovered?.state ?? null;
  return { processId, commandId, from, to, event, at: context.now(), why };
}

/** The transition to the end, from what the parts or the inspection came to. */
export function endOf(context: ProcessContext): Transition {
  const { end, why, recovered } = context;
  const inspected = recovered?.state === 'running' ? 'effect.inspected' : 'process.faulted';
  const event = why === undefined ? 'child.exited' : inspected;
  return step(context, end.code === 0 ? 'succeeded' : 'failed', event, why ?? `exit code ${end.code}`);
}

export function waitedSince({ acceptedAt, pendingLifetime }: ProcessContext): string {
  return `accepted at ${acceptedAt.toISOString()}, and the limit is ${pendingLifetime / 60_000} minutes`;
}
