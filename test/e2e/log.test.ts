import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { type Layout, startDaemon } from '../support/daemon.ts';
import { until } from '../support/until.ts';

test('SIGHUP reopens the log after logrotate has moved it', async (t) => {
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

test('log goes to its file only once the daemon has started', async (t) => {
  const daemon = await startDaemon(t);
  await daemon.ask({ cmd: 'x' });
  await daemon.logged('the refusal', ({ msg }) => msg === 'refused');
  const { stderr } = await daemon.stop();
  assert.match(stderr, /"msg":"listening"/);
  assert.doesNotMatch(stderr, /refused|stopped/);
});

test('daemon serves clients and stops although the disk of its log is full', async (t) => {
  const daemon = await startDaemon(t, { config: { cmd_log_file: '/dev/full' } });
  assert.equal((await daemon.ask({ cmd: 'x' })).code, 400);
  assert.equal((await daemon.stop()).code, 0);
});

test('log has every line on disk when the daemon has ended', async (t) => {
  const daemon = await startDaemon(t);
  for (let i = 0; i < 50; i++) await daemon.ask({ cmd: 'x' });
  await daemon.stop();
  const lines = daemon.logLines();
  const refused = lines.filter(({ msg }) => msg === 'refused');
  const told = refused.reduce((sum, { repeated = 0 }) => sum + 1 + (repeated as number), 0);
  assert.equal(told, 50);
  assert.equal(lines.at(-1)?.msg, 'stopped');
});

const LOGS = ['cmd.log', 'cmd-audit.log'];

/** Prepares the log directory like /var/log/dbcalm: members of its group may create any file there. */
function openToGroup({ folder, log }: Layout): void {
  mkdirSync(dirname(log), { recursive: true });
  chmodSync(dirname(log), 0o2770);
  writeFileSync(join(folder, 'of-root'), 'as it was');
}

test('daemon moves symlinks at its log paths aside, before the start and on SIGHUP, and does not follow them', async (t) => {
  const away = (at: Layout) => LOGS.map((name) => join(dirname(at.log), name));
  const daemon = await startDaemon(t, {
    arrange: (at) => {
      openToGroup(at);
      for (const file of away(at)) symlinkSync(join(at.folder, 'of-root'), file);
    },
  });
  const { folder, log } = daemon.at;
  const files = away(daemon.at);
  const ofRoot = () => readFileSync(join(folder, 'of-root'), 'utf8');
  const warnings = () => readFileSync(log, 'utf8').match(/"code":"LOG_SET_ASIDE"/g)?.length;
  await until('a warning of each', () => warnings() === 2);
  for (const file of files) {
    renameSync(file, `${file}.1`);
    symlinkSync(join(folder, 'of-root'), file);
  }
  daemon.signal('SIGHUP');
  await until('the new logs', () => files.every((file) => !lstatSync(file).isSymbolicLink()));
  await until('a warning of each', () => warnings() === 2);
  await daemon.ask({ cmd: 'x' });
  await until('the refusal', () => readFileSync(log, 'utf8').includes('"msg":"refused"'));
  await until('its audit', () => readFileSync(files[1] as string, 'utf8').includes('command.refused'));
  assert.equal((await daemon.stop()).code, 0);
  assert.equal(ofRoot(), 'as it was');
});
