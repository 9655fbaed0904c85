import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProcessTransitioned } from '../../src/actors/messages.ts';
import { DaemonError } from '../../src/errors.ts';
import { subjectOf } from '../../src/io/log/audit.ts';
import type { Logger } from '../../src/io/log/log.ts';
import type { Reading } from '../../src/io/os/histogram.ts';
import { refuseFor } from '../../src/io/socket/reply.ts';
import type { Accepted, Outcome } from '../../src/io/store/records.ts';
import { PEER } from '../support/connection.ts';
import { failOnWarnings } from '../support/no-warnings.ts';
import { PLAN } from '../support/process.ts';
import { closed, observer, refused } from '../support/queue-handler.ts';
import { command } from '../support/real-store.ts';

failOnWarnings();

const ABOUT = { command_id: 'u', connection_id: 'c1', type: 'delete_directory' };

const ACCEPTED: Accepted = { ...command('u', new Date(500)), ...PLAN };

function transitioned(to: string, more: Partial<ProcessTransitioned> = {}): ProcessTransitioned {
  const ids = { processId: 1, commandId: 'u' };
  const transition = { ...ids, from: null, to, event: 'e', at: new Date(0), why: 'why' };
  const about = { transition, accepted: ACCEPTED, warnings: [], startedAt: new Date(1_000) };
  return { type: 'process.transitioned', ...about, outcome: undefined, ...more };
}

/** An end, 1.5 s after the start. */
function ended(code: number, stderr = ''): ProcessTransitioned {
  const outcome: Outcome = { code, stdout: '', stderr, at: new Date(2_500) };
  return transitioned(code === 0 ? 'succeeded' : 'failed', { outcome });
}

const NOTHING: Reading = { bounds: [], counts: [], sum: 0 };

test('`queueHandler` logs a dry run at level debug, and neither counts nor audits it', () => {
  const { counters, lines, entries, hear } = observer();
  const before = structuredClone({ ...counters, durations: {} });
  hear({ type: 'command.rehearsed', cmd: 'delete_directory', code: 403 });
  assert.deepEqual(lines, [{ level: 'debug', cmd: 'delete_directory', code: 403, msg: 'dry run' }]);
  assert.deepEqual([entries, { ...counters, durations: {} }], [[], before]);
});

test('`queueHandler` counts processes by type and state, and replies by code', () => {
  const { counters, hear } = observer();
  const cron = { accepted: { ...ACCEPTED, type: 'update_cron_schedules' } };
  hear(transitioned('pending'), transitioned('running'), ended(0), transitioned('pending'), ended(1));
  hear(transitioned('pending', cron));
  hear(closed(), closed({ delivered: false }), closed({ reply: undefined }));
  hear(refused(400), refused(400), refused(503, { error: 'QUEUE_FULL' }));
  hear(refused(400, { security: 'symlink.met' }));
  hear({ type: 'client.refused', refusal: refuseFor(503, new DaemonError('TOO_MANY_CLIENTS')) });
  const { durations, ...counts } = counters;
  assert.deepEqual(counts, {
    connections: 7,
    replies: { 202: 2, 400: 3, 503: 2 },
    processes: {
      delete_directory: { pending: 2, running: 1, succeeded: 1, failed: 1 },
      update_cron_schedules: { pending: 1 },
    },
    accepted: {},
    refused: { unknown: { invalid: 2, QUEUE_FULL: 1, 'symlink.met': 1, TOO_MANY_CLIENTS: 1 } },
  });
  const { bounds, counts: sizes, sum } = durations.delete_directory?.succeeded?.read() ?? NOTHING;
  assert.deepEqual([sizes.indexOf(1), sum], [bounds.indexOf(2.5), 1.5]);
});

test('`queueHandler` logs a failure with its ids, its duration and the first five lines of its output', () => {
  const { lines, hear } = observer();
  hear(ended(1, 'one\ntwo\nthree\nfour\nfive\nsix\nseven\n'), ended(1, 'x'.repeat(1_000_000)));
  const end = { ...ABOUT, duration_ms: 1_500, return_code: 1, why: 'why', msg: 'failed' };
  assert.deepEqual(lines, [
    { level: 'error', ...end, stderr: 'one\ntwo\nthree\nfour\nfive' },
    { level: 'error', ...end, stderr: 'x'.repeat(2_000) },
  ]);
});

test('`queueHandler` logs one line per step of a command, at level debug if the step is ordinary', () => {
  const { lines, hear } = observer();
  const warnings = ['*/90 fires once an hour'];
  const transition = { ...transitioned('running').transition, event: 'process.recovered' };
  hear(transitioned('pending', { warnings }), transitioned('running'), ended(0, 'noise'));
  hear(transitioned('running', { transition }));
  assert.deepEqual(lines, [
    { level: 'debug', ...ABOUT, command: '/bin/rm -rf /r/b1', msg: 'accepted' },
    { level: 'warn', ...ABOUT, msg: '*/90 fires once an hour' },
    { level: 'debug', ...ABOUT, msg: 'running' },
    { level: 'info', ...ABOUT, duration_ms: 1_500, return_code: 0, msg: 'succeeded' },
    { level: 'warn', ...ABOUT, state: 'running', why: 'why', msg: 'recovered' },
  ]);
});

test('`queueHandler` logs a client that left at level debug and a refusal at level warn, and leaves acceptance to the process', () => {
  const { lines, hear } = observer();
  hear(
    closed({ bytes: 0, reply: undefined, delivered: false }),
    closed({ delivered: false }),
    refused(400),
    closed(),
  );
  const who = { connection_id: 'c1', peer: { pid: 1, uid: 1000, gid: 1000 } };
  const gone = { level: 'debug', ...who, msg: 'client left without its reply' };
  assert.deepEqual(lines, [
    { ...gone, bytes: 0 },
    { ...gone, bytes: 7 },
    { level: 'warn', ...who, code: 400, message: 'why', msg: 'refused' },
  ]);
});

test('`queueHandler` logs a failed actor with its id, its stack and the remedy', () => {
  const { lines, hear } = observer();
  const error = new TypeError('of the test');
  hear({ type: 'actor.failed', id: 'process-3', error });
  const { message, remedy } = new DaemonError('INTERNAL', 'of the test');
  assert.deepEqual(lines, [{ level: 'error', actor: 'process-3', remedy, stack: error.stack, msg: message }]);
});

test('`queueHandler` logs its own errors, and goes on', () => {
  const { actor, lines, hear } = observer();
  hear(transitioned('pending', { accepted: undefined as never }), ended(0));
  assert.deepEqual(
    lines.map(({ level, actor: id, msg }) => [level, id, msg.split(':')[0]]),
    [
      ['error', 'queueHandler', 'the daemon failed to handle this; it goes on'],
      ['info', undefined, 'succeeded'],
    ],
  );
  assert.equal(actor.getSnapshot().status, 'active');
});

test('`queueHandler` goes on and counts when its logger throws', () => {
  const broken = () => {
    throw new Error('no log');
  };
  const { actor, counters, hear } = observer(new Proxy({}, { get: () => broken }) as Logger);
  hear(transitioned('pending'), ended(0), ended(1), closed({ delivered: false }), refused(503));
  hear({ type: 'actor.failed', id: 'process-3', error: new Error('of the test') });
  assert.equal(actor.getSnapshot().status, 'active');
  hear(ended(0));
  assert.deepEqual(counters.processes.delete_directory, { pending: 1, succeeded: 2, failed: 1 });
  assert.equal(counters.connections, 2);
});

test('`queueHandler` audits each command that is accepted, ended or refused, with its client', () => {
  const { entries, hear } = observer();
  const requested = { ...transitioned('pending').transition, event: 'process.requested' };
  hear(transitioned('pending', { transition: requested }), transitioned('running'), ended(0), ended(1));
  const refusal = { code: 403, message: 'Cannot delete', security: 'symlink.met' } as const;
  hear(closed(), closed({ reply: undefined }), closed({ reply: refusal, delivered: false }));
  hear(closed({ reply: refusal, subject: subjectOf(['/r/x'], 3), completeAt: new Date(8_990) }));
  const what = { connection_id: 'c1', peer: PEER, cmd: 'delete_directory', paths: ['/r/b1'], paths_left: 0 };
  const whole = { command_id: 'u', ...what, schedule_count: null, security: null, repeated: 0 };
  const end = { event: 'command.ended', at: new Date(2_500), ...whole, duration_ms: 2_000, reason: 'why' };
  const refused403 = {
    ...whole,
    event: 'command.refused',
    at: new Date(9_000),
    command_id: null,
    cmd: 'x',
    outcome: 'refused 403',
    reason: 'Cannot delete',
    security: 'symlink.met',
  };
  assert.deepEqual(entries, [
    {
      event: 'command.accepted',
      at: new Date(500),
      ...whole,
      outcome: 'accepted',
      reason: null,
      duration_ms: null,
    },
    { ...end, outcome: 'succeeded' },
    { ...end, outcome: 'failed' },
    { ...refused403, paths: [], duration_ms: null },
    { ...refused403, paths: ['/r/x'], schedule_count: 3, duration_ms: 10 },
  ]);
});

test('`queueHandler` logs the beginning of a long command, and the first of many warnings', () => {
  const { lines, hear } = observer();
  const warnings = Array.from({ length: 25 }, (_, index) => `warning ${index}`);
  const accepted = { ...ACCEPTED, command: 'x'.repeat(1_000_000) };
  hear(transitioned('pending', { warnings, accepted }));
  assert.equal(String(lines[0]?.command).length, 2_000);
  assert.equal(lines.length, 12);
  assert.deepEqual([lines[11]?.msg, lines[11]?.repeated], ['15 more warnings', 15]);
});
