import assert from 'node:assert/strict';
import { existsSync, renameSync, statSync } from 'node:fs';
import { test } from 'node:test';
import { startDaemon } from '../support/daemon.ts';
import { until } from '../support/until.ts';

test('SIGHUP opens the log anew after logrotate moved it', async (t) => {
  const daemon = await startDaemon(t);
  await until('the first log', () => existsSync(daemon.at.log));
  renameSync(daemon.at.log, `${daemon.at.log}.1`);
  daemon.signal('SIGHUP');
  await until('the new log', () => existsSync(daemon.at.log));
  await daemon.ask({ cmd: 'x' });
  const line = await daemon.logged('the refusal', ({ msg }) => msg === 'refused');
  assert.equal(line.code, 400);
  assert.match(line.connection_id as string, /^[\w-]{21}$/);
  assert.equal(statSync(daemon.at.log).mode & 0o777, 0o640);
});

test('after the start the log goes to its file alone', async (t) => {
  const daemon = await startDaemon(t);
  await daemon.ask({ cmd: 'x' });
  await daemon.logged('the refusal', ({ msg }) => msg === 'refused');
  const { stderr } = await daemon.stop();
  assert.match(stderr, /"msg":"listening"/);
  assert.doesNotMatch(stderr, /refused|stopped/);
});

test('a log whose disk is full keeps nobody from being served, nor the daemon from stopping', async (t) => {
  const daemon = await startDaemon(t, { config: { cmd_log_file: '/dev/full' } });
  assert.equal((await daemon.ask({ cmd: 'x' })).code, 400);
  assert.equal((await daemon.stop()).code, 0);
});

test('every line is on disk when the daemon has ended', async (t) => {
  const daemon = await startDaemon(t);
  for (let i = 0; i < 50; i++) await daemon.ask({ cmd: 'x' });
  await daemon.stop();
  const lines = daemon.logLines().map(({ msg }) => msg);
  assert.equal(lines.filter((msg) => msg === 'refused').length, 50);
  assert.equal(lines.at(-1), 'stopped');
});
