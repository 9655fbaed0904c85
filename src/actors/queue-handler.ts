import { fromCallback } from 'xstate';
import { asDaemonError } from '../errors.ts';
import { type AuditEntry, acceptedEntry, endedEntry, refusedEntry } from '../io/audit.ts';
import type { Exchange } from '../io/exchange-lines.ts';
import { faultPoint } from '../io/fault-point.ts';
import type { Logger } from '../io/log.ts';
import type { Refusal } from '../io/reply.ts';
import { type Counters, countConnection, countRefusal, countTransition } from './counters.ts';
import type {
  ActorFailed,
  ClientRefused,
  CommandRehearsed,
  ConnectionEnded,
  ConnectionsDrained,
  ProcessTransitioned,
} from './messages.ts';
import { INTERVAL, RefusalDigest } from './refusal-digest.ts';

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
  /** Keeps an entry in the audit log, and those of refused commands, which no other transaction holds, in the table. */
  readonly audit: (entry: AuditEntry) => void;
  /** Keeps what was asked and answered, where that is wanted. */
  readonly record: (exchange: Exchange) => void;
}

/** How much of what a failed program printed stands in the log; the row has all of it. */
const STDERR_LINES = 5;
const STDERR_CHARACTERS = 2_000;

/** Observes every transition in order: log lines and counters. Whatever fails in here stays in here. */
export const queueHandler = fromCallback<Observed, QueueHandlerInput>(({ input, receive }) => {
  const digest = new RefusalDigest<Refused>();
  let reminder: NodeJS.Timeout | undefined;
  const tellLeftOut = (all: boolean) => {
    for (const { refusal, repeated } of digest.due(input.now(), all)) tellRefusal(input, refusal, repeated);
  };
  /** There is no timer while nothing was left out. */
  const remind = () => {
    if (reminder !== undefined || !digest.owes) return;
    reminder = setTimeout(() => {
      reminder = undefined;
      guarded(() => tellLeftOut(false));
      remind();
    }, INTERVAL).unref();
  };
  const observe = (event: Observed) => {
    switch (event.type) {
      case 'process.transitioned':
        countTransition(input.counters, event);
        auditTransition(input, event);
        return logTransition(input.logger, event);
      case 'connection.ended':
        observeConnection(input, digest, event);
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
    logger.debug({ ...about, command }, 'accepted');
    for (const warning of warnings) logger.warn(about, warning);
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

function observeConnection(
  input: QueueHandlerInput,
  digest: RefusalDigest<Refused>,
  ended: ConnectionEnded,
): void {
  const { peer, completeAt, text, reply, delivered } = ended;
  if (text && completeAt && reply) input.record({ at: completeAt, peer, request: text, reply });
  countConnection(input.counters, ended);
  if (!reply || reply.code === 202) return delivered ? undefined : logGone(input.logger, ended);
  const refused: Refused = { ended: { ...ended, text: undefined }, refusal: reply, at: input.now() };
  const repeated = digest.repeated(peer, reply.security, refused.at, refused);
  if (repeated !== undefined) tellRefusal(input, refused, repeated);
}

function tellRefusal({ logger, audit }: QueueHandlerInput, refused: Refused, repeated: number): void {
  const { ended, refusal, at } = refused;
  const { id: connectionId, peer, cmd, subject, completeAt } = ended;
  audit(refusedEntry({ at, connectionId, peer, cmd, subject, completeAt, refusal, repeated }));
  if (!ended.delivered) return logGone(logger, ended);
  const { code, message, security } = refusal;
  const more = { ...(security ? { security } : {}), ...(repeated > 0 ? { repeated } : {}) };
  logger.warn({ ...whoseOf(ended), code, ...more, message }, 'refused');
}

function logGone(logger: Logger, ended: ConnectionEnded): void {
  logger.debug({ ...whoseOf(ended), bytes: ended.bytes }, 'client left without its reply');
}

function whoseOf({ id, peer }: ConnectionEnded) {
  return {
    connection_id: id,
    peer: peer.known ? { pid: peer.pid, uid: peer.uid, gid: peer.gid } : null,
  };
}

function logFailure(logger: Logger, { id, error }: ActorFailed): void {
  const { message, remedy, stack } = asDaemonError(error);
  const cause = error instanceof Error ? error.stack : stack;
  logger.error({ actor: id, remedy, stack: cause }, message);
}

function firstLines(text: string): string {
  return text.slice(0, STDERR_CHARACTERS).split('\n').slice(0, STDERR_LINES).join('\n');
}
