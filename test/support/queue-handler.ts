/** The queue handler by itself, and the events that it receives. */
import pino from 'pino';
import { createActor } from 'xstate';
import type { ConnectionEnded } from '../../src/actors/messages.ts';
import { newCounters } from '../../src/actors/metrics/counters.ts';
import { type Observed, queueHandler } from '../../src/actors/queue-handler.ts';
import { type AuditEntry, subjectOf } from '../../src/io/log/audit.ts';
import type { Exchange } from '../../src/io/log/exchange-lines.ts';
import type { Logger } from '../../src/io/log/log.ts';
import type { Refusal } from '../../src/io/socket/reply.ts';
import { PEER } from './connection.ts';

interface Line extends Record<string, unknown> {
  level: string;
  msg: string;
}

/** A queue handler that logs into `lines`, or with the logger of the test. */
export function observer(logger?: Logger) {
  const lines: Line[] = [];
  const formatters = { level: (level: string) => ({ level }) };
  const options = { level: 'trace', base: null, timestamp: false, formatters };
  const own = pino(options, { write: (line: string) => lines.push(JSON.parse(line) as Line) });
  const counters = newCounters();
  const entries: AuditEntry[] = [];
  const audit = (entry: AuditEntry) => void entries.push(entry);
  let time = 9_000;
  const now = () => new Date(time);
  const passes = (ms: number) => {
    time += ms;
  };
  const exchanges: Exchange[] = [];
  const record = (exchange: Exchange) => {
    exchanges.push(exchange);
    return exchange.request.length;
  };
  const input = { logger: logger ?? own, counters, now, clock: () => time, audit, record };
  const actor = createActor(queueHandler, { input }).start();
  const hear = (...events: Observed[]) => {
    for (const event of events) actor.send(event);
  };
  return { actor, counters, entries, exchanges, lines, hear, passes };
}

export function closed(more: Partial<ConnectionEnded> = {}): ConnectionEnded {
  const base = { type: 'connection.ended', id: 'c1', peer: PEER, cmd: 'x', bytes: 7 } as const;
  const understood = { subject: subjectOf([], null), completeAt: undefined };
  return { ...base, ...understood, text: undefined, reply: { code: 202, id: 'u' }, delivered: true, ...more };
}

export const refused = (code: 400 | 503, more: Partial<Refusal> = {}) =>
  closed({ reply: { code, message: 'why', ...more } });
