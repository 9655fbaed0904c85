import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { DAEMON_LIMITS } from '../../src/machines/daemon/setup.ts';
import { testFolder } from '../support/folder.ts';

const UNITS_FOLDER = join(import.meta.dirname, '..', '..', 'systemd');
const UNITS = globSync('*.service', { cwd: UNITS_FOLDER });
const SERVICE = readFileSync(join(UNITS_FOLDER, 'dbcalm-cmd.service'), 'utf8');
const SOCKET = readFileSync(join(UNITS_FOLDER, 'dbcalm-cmd.socket'), 'utf8');

const ANALYZE = '/usr/bin/systemd-analyze';
const BWRAP = '/usr/bin/bwrap';
const missing = [ANALYZE, BWRAP].find((file) => !existsSync(file));
const skip = missing === undefined ? false : `${missing} is missing`;

const MOST_EXPOSED = 1.0;

function run(file: string, ...args: string[]): { code: number | null; text: string } {
  const { status, stdout, stderr, error } = spawnSync(file, args, { encoding: 'utf8' });
  if (error) throw error;
  return { code: status, text: `${stdout}${stderr}` };
}

/** Returns the figure of systemd, from 0 (nothing can be reached) to 10. */
function exposure(unit: string): number {
  const { text } = run(ANALYZE, 'security', '--offline=true', '--no-pager', unit);
  const [, score] = /Overall exposure level for \S+: (\d+\.\d)/.exec(text) ?? [];
  assert.ok(score !== undefined, text);
  return Number(score);
}

/** Runs `systemd-analyze verify` with the programs of the units in a /usr/bin that holds nothing else. */
function verify(t: TestContext, service: string, socket = SOCKET): { code: number | null; text: string } {
  const folder = testFolder(t);
  const files = [join(folder, 'dbcalm-cmd.service'), join(folder, 'dbcalm-cmd.socket')];
  for (const [index, text] of [service, socket].entries()) writeFileSync(files[index] as string, text);
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  copyFileSync(ANALYZE, join(bin, 'systemd-analyze'));
  for (const program of ['dbcalm-cmd', 'sh']) writeFileSync(join(bin, program), '', { mode: 0o755 });
  // It creates its working directory in /tmp.
  const own = ['--tmpfs', '/run', '--tmpfs', '/tmp', '--bind', folder, folder, '--ro-bind', bin, '/usr/bin'];
  const jail = ['--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc', ...own];
  return run(BWRAP, ...jail, '--', ANALYZE, 'verify', '--man=no', ...files);
}

test('every unit is within the allowed exposure level', { skip }, () => {
  assert.ok(UNITS.includes('dbcalm-cmd.service'));
  for (const unit of UNITS) {
    const score = exposure(join(UNITS_FOLDER, unit));
    assert.ok(score <= MOST_EXPOSED, `${unit}: ${score}, more than ${MOST_EXPOSED}`);
  }
});

test('`exposure` rises if a unit may do more', { skip }, (t) => {
  const looser = join(testFolder(t), 'dbcalm-cmd.service');
  writeFileSync(looser, SERVICE.replace(/^CapabilityBoundingSet=.*\n/m, ''));
  assert.ok(exposure(looser) > MOST_EXPOSED);
});

test('`systemd-analyze verify` reports nothing about the units, and reports mistakes in them', {
  skip,
}, (t) => {
  assert.deepEqual(verify(t, SERVICE), { code: 0, text: '' });
  const misspelt = verify(t, SERVICE.replace('ProtectHome=', 'ProtectHouse='));
  assert.match(misspelt.text, /Unknown key.*ProtectHouse/);
  const elsewhere = verify(t, SERVICE.replace('/usr/bin/dbcalm-cmd', '/usr/bin/dbcalm-command'));
  assert.match(elsewhere.text, /dbcalm-command is not executable/);
  assert.match(
    verify(t, SERVICE, SOCKET.replace('SocketMode=', 'SocketMood=')).text,
    /Unknown key.*SocketMood/,
  );
});

test('dbcalm-cmd.service has timeouts above the limits of a start and a stop', () => {
  const { RECOVERY_LIMIT, CLOSING_LIMIT, CONNECTIONS_LIMIT, CHILDREN_LIMIT, FLUSH_LIMIT } = DAEMON_LIMITS;
  const draining = CLOSING_LIMIT + CONNECTIONS_LIMIT + CHILDREN_LIMIT + FLUSH_LIMIT;
  const seconds = (key: string) => Number(new RegExp(`^${key}=(\\d+)$`, 'm').exec(SERVICE)?.[1]);
  // The rest is for the last lines of the log.
  assert.ok(seconds('TimeoutStopSec') * 1_000 >= draining + 5_000);
  assert.ok(seconds('TimeoutStartSec') * 1_000 >= RECOVERY_LIMIT + 10_000);
});

test('dbcalm-cmd.service lets the daemon write to its own directories and to nothing else', () => {
  const given = [...SERVICE.matchAll(/^(?:ReadWritePaths|StateDirectory|RuntimeDirectory)=(.*)$/gm)];
  assert.deepEqual(
    given.map(([, path]) => path),
    ['dbcalm', '-/etc/cron.d', '-/var/backups/dbcalm', '-/var/lib/dbcalm', '-/var/log/dbcalm', 'dbcalm-cmd'],
  );
  assert.match(SERVICE, /^ProtectSystem=strict$/m);
  assert.match(SERVICE, /^StateDirectoryMode=0700$/m);
});

test('dbcalm-cmd.service has the settings that other services and its own stop rely on', () => {
  for (const line of [
    'User=root',
    'Group=dbcalm',
    'Type=notify',
    'Restart=always',
    'KillMode=mixed',
    'WatchdogSec=120',
    'RuntimeDirectory=dbcalm',
    'RuntimeDirectoryMode=3774',
    'RuntimeDirectoryPreserve=yes',
  ]) {
    assert.match(SERVICE, new RegExp(`^${line}$`, 'm'));
  }
});
