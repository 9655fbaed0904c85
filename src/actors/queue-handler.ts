import { fromCallback } from 'xstate';
import { asDaemonError } from '../errors.ts';
import { type AuditEntry, acceptedEntry, endedEntry, refusedEntry } from '../io/log/audit.ts';
import type { Exchange } from '../io/log/exchange-lines.ts';
import type { Logger } from '../io/log/log.ts';
import { faultPoint } from '../io/os/fault-point.ts';
import type { Peer } from '../io/socket/peer.ts';
import { type Refusal, reasonOf } from '../io/socket/reply.ts';
import type {
  ActorFailed,
  ClientRefused,
  CommandRehearsed,
  ConnectionEnded,
  ConnectionsDrained,
  ProcessTransitioned,
} from './messages.ts';
import { type Counters, countConnection, countRefusal, countTransition } from './metrics/counters.ts';
import { type DigestLimits, RefusalDigest, WINDOW_MS } from './metrics/refusal-digest.ts';

export type Observed =
  | ProcessTransitioned
  | ConnectionEnded
  | ConnectionsDrained
  | ClientRefused
  | CommandRehearsed
  | ActorFailed;

export interface QueueHandlerInput {
  readonly logger: Logger;
  readonly counters: Counters;
  readonly now: () => Date;
  /** Milliseconds, monotonic. */
  readonly clock: () => number;
  /** Keeps an entry in the audit log, and those of refused commands, which no other transaction holds, in the table. */
  readonly audit: (entry: AuditEntry) => void;
  /** Keeps what was asked and answered, in so many bytes; undefined where that is not wanted. */
  readonly record: ((exchange: Exchange) => number) | undefined;
}

/** How much of what a failed program printed stands in the log; the row has all of it. */
const STDERR_LINES = 5;
const STDERR_CHARACTERS = 2_000;

/** As much of an accepted command stands in the log, and as many of its warnings; the row has all of it. */
const COMMAND_CHARACTERS = 2_000;
const WARNINGS_COUNT = 10;

/** The bound of the refusals of one user in the log, the audit log and its table: without it a client that is refused as
 * fast as it can send fills a disk. */
const REFUSAL_LIMITS: DigestLimits = { toldCount: 10, burstBytes: 256 * 1024, bytesPerSecond: 8 * 1024 };

/** The same for the record of traffic, which holds whole requests. */
const RECORD_LIMITS: DigestLimits = {
  toldCount: Number.POSITIVE_INFINITY,
  burstBytes: 4 * 1024 * 1024,
  bytesPerSecond: 64 * 1024,
};

/** Observes every transition in order: log lines and counters. Whatever fails in here stays in here. */
export const queueHandler = fromCallback<Observed, QueueHandlerInput>(({ input, receive }) => {
  const digests: Digests = {
    refusals: new RefusalDigest<Refused>(REFUSAL_LIMITS),
    recorded: new RefusalDigest<Peer>(RECORD_LIMITS),
  };
  let reminder: NodeJS.Timeout | undefined;
  const tellLeftOut = (all: boolean) => {
    const nowMs = input.clock();
    for (const { refusal, repeated } of digests.refusals.due(nowMs, all)) {
      tellRefusal(input, digests, refusal, repeated);
    }
    for (const { refusal: peer, repeated } of digests.recorded.due(nowMs, all)) {
      tellUnrecorded(input.logger, peer, repeated + 1);
    }
  };
  /** There is no timer while nothing was left out. */
  const remind = () => {
    if (reminder !== undefined || !(digests.refusals.owes || digests.recorded.owes)) return;
    reminder = setTimeout(() => {
      reminder = undefined;
      guarded(() => tellLeftOut(false));
      remind();
    }, WINDOW_MS).unref();
  };
  const observe = (event: Observed) => {
    switch (event.type) {
      case 'process.transitioned':
        countTransition(input.counters, event);
        auditTransition(input, event);
        return logTransition(input.logger, event);
      case 'connection.ended':
        observeConnection(input, digests, event);
        return remind();
      case 'connections.drained':
        return tellLeftOut(true);
      // No command, so neither counted nor audited.
      case 'command.rehearsed':
        return input.logger.debug({ cmd: event.cmd, code: event.code }, 'dry run');
      case 'client.refused':
        return countRefusal(input.counters, undefined, event.refusal);
      case 'actor.failed':
        return logFailure(input.logger, event);
    }
  };
  const complain = (error: unknown) => {
    try {
      logFailure(input.logger, { type: 'actor.failed', id: 'queueHandler', error });
    } catch {
      // Where nothing can be logged, nothing can be said.
    }
  };
  const guarded = (work: () => void) => {
    try {
      work();
    } catch (error) {
      complain(error);
    }
  };
  receive((event) => guarded(() => observe(event)));
  return () => {
    clearTimeout(reminder);
    guarded(() => tellLeftOut(true));
  };
});

function auditTransition({ audit }: QueueHandlerInput, event: ProcessTransitioned): void {
  const { accepted, transition, outcome } = event;
  if (transition.event === 'process.requested') audit(acceptedEntry(accepted));
  if (outcome) audit(endedEntry(accepted, outcome, transition.why));
}

function logTransition(logger: Logger, event: ProcessTransitioned): void {
  const { accepted, warnings, transition, outcome, startedAt } = event;
  const { connectionId, type, command } = accepted;
  const about = { command_id: transition.commandId, connection_id: connectionId, type };
  if (transition.event === 'process.recovered') {
    return logger.warn({ ...about, state: transition.to, why: transition.why }, 'recovered');
  }
  if (transition.to === 'pending') {
    logger.debug({ ...about, command: command.slice(0, COMMAND_CHARACTERS) }, 'accepted');
    for (const warning of warnings.slice(0, WARNINGS_COUNT)) logger.warn(about, warning);
    const left = warnings.length - WARNINGS_COUNT;
    if (left > 0) logger.warn({ ...about, repeated: left }, `${left} more warnings`);
  }
  if (transition.to === 'running') logger.debug(about, 'running');
  if (!outcome) return;
  faultPoint('end.observed');
  const duration_ms = outcome.at.getTime() - startedAt.getTime();
  const end = { ...about, duration_ms, return_code: outcome.code };
  if (outcome.code === 0) logger.info(end, 'succeeded');
  else logger.error({ ...end, why: transition.why, stderr: firstLines(outcome.stderr) }, 'failed');
}

/** A connection that ended with a refusal, and when. */
interface Refused {
  readonly ended: ConnectionEnded;
  readonly refusal: Refusal;
  readonly at: Date;
}

interface Digests {
  readonly refusals: RefusalDigest<Refused>;
  readonly recorded: RefusalDigest<Peer>;
}

function observeConnection(input: QueueHandlerInput, digests: Digests, ended: ConnectionEnded): void {
  const { peer, reply, delivered } = ended;
  recordExchange(input, digests.recorded, ended);
  countConnection(input.counters, ended);
  if (!reply || reply.code === 202) return delivered ? undefined : logGone(input.logger, ended);
  const refused: Refused = { ended: { ...ended, text: undefined }, refusal: reply, at: input.now() };
  const kind = `${reply.code} ${reasonOf(reply)}`;
  const repeated = digests.refusals.repeated(peer, kind, input.clock(), refused);
  if (repeated !== undefined) tellRefusal(input, digests, refused, repeated);
}

/** Of a user's refused requests only as many as it has room for. */
function recordExchange(
  { record, clock, logger }: QueueHandlerInput,
  digest: RefusalDigest<Peer>,
  { peer, completeAt, text, reply }: ConnectionEnded,
): void {
  if (!(record && text && completeAt && reply)) return;
  const keep = () => record({ at: completeAt, peer, request: text, reply });
  if (reply.code === 202) return void keep();
  const left = digest.repeated(peer, 'record', clock(), peer);
  if (left === undefined) return;
  if (left > 0) tellUnrecorded(logger, peer, left);
  digest.spent(peer, keep(), clock());
}

function tellUnrecorded(logger: Logger, peer: Peer, repeated: number): void {
  logger.warn({ peer: peerFields(peer), repeated }, 'refused requests are left out of the record');
}

function tellRefusal(
  { logger, audit, clock }: QueueHandlerInput,
  { refusals }: Digests,
  refused: Refused,
  repeated: number,
): void {
  const { ended, refusal, at } = refused;
  const { id: connectionId, peer, cmd, subject, completeAt } = ended;
  const entry = refusedEntry({ at, connectionId, peer, cmd, subject, completeAt, refusal, repeated });
  audit(entry);
  const { code, message, security } = refusal;
  const more = { ...(security ? { security } : {}), ...(repeated > 0 ? { repeated } : {}) };
  const line = { ...whoseOf(ended), code, ...more, message };
  // The entry stands in the audit log and in its table.
  refusals.spent(peer, 2 * bytesOf(entry) + bytesOf(line), clock());
  if (ended.delivered) logger.warn(line, 'refused');
  else logGone(logger, ended);
}

const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

function logGone(logger: Logger, ended: ConnectionEnded): void {
  logger.debug({ ...whoseOf(ended), bytes: ended.bytes }, 'client left without its reply');
}

function whoseOf({ id, peer }: ConnectionEnded) {
  return {
    connection_id: id,
    peer: peerFields(peer),
  };
}

function peerFields(peer: Peer) {
  return peer.known ? { pid: peer.pid, uid: peer.uid, gid: peer.gid } : null;
}

function logFailure(logger: Logger, { id, error }: ActorFailed): void {
  const { message, remedy, stack } = asDaemonError(error);
  const cause = error instanceof Error ? error.stack : stack;
  logger.error({ actor: id, remedy, stack: cause }, message);
}

function firstLines(text: string): string {
  return text.slice(0, STDERR_CHARACTERS).split('\n').slice(0, STDERR_LINES).join('\n');
}
