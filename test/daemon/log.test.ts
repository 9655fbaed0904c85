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
