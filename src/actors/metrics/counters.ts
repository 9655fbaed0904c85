import { WHITELIST } from '../../commands/whitelist.ts';
import { Histogram, PROCESS_SECONDS } from '../../io/os/histogram.ts';
import { type Refusal, reasonOf } from '../../io/socket/reply.ts';
import type { ConnectionEnded, ProcessTransitioned } from '../messages.ts';

/** Counts since the start of the daemon. */
export interface Counters {
  connections: number;
  /** By the code of the reply. */
  readonly replies: Record<string, number>;
  /** By type of process, then by the state that was reached. */
  readonly processes: Record<string, Record<string, number>>;
  /** By command. */
  readonly accepted: Record<string, number>;
  /** By command, then by reason. */
  readonly refused: Record<string, Record<string, number>>;
  /** Seconds, by command, then by outcome. */
  readonly durations: Record<string, Record<string, Histogram>>;
}

export const newCounters = (): Counters => ({
  connections: 0,
  replies: {},
  processes: {},
  accepted: {},
  refused: {},
  durations: {},
});

/** What a client calls its command, or another's row, must not make the counters grow. */
const known = (cmd: string | undefined): string =>
  WHITELIST.some(({ name }) => name === cmd) ? (cmd as string) : 'unknown';

export function countTransition(
  counters: Counters,
  { accepted, transition, outcome, startedAt }: ProcessTransitioned,
): void {
  const type = known(accepted.type);
  countIn(counters.processes, type, transition.to);
  if (transition.event === 'process.requested') increment(counters.accepted, type);
  if (!outcome) return;
  counters.durations[type] ??= {};
  const durations = counters.durations[type];
  durations[transition.to] ??= new Histogram(PROCESS_SECONDS);
  durations[transition.to]?.observe((outcome.at.getTime() - startedAt.getTime()) / 1_000);
}

export function countConnection(counters: Counters, { cmd, reply }: ConnectionEnded): void {
  counters.connections++;
  if (!reply) return;
  if (reply.code === 202) increment(counters.replies, '202');
  else countRefusal(counters, cmd, reply);
}

export function countRefusal(counters: Counters, cmd: string | undefined, refusal: Refusal): void {
  increment(counters.replies, String(refusal.code));
  countIn(counters.refused, known(cmd), reasonOf(refusal));
}

function countIn(counts: Record<string, Record<string, number>>, first: string, second: string): void {
  counts[first] ??= {};
  increment(counts[first], second);
}

function increment(counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1;
}
