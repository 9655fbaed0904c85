import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { testFolder } from '../support/folder.ts';

const UNITS_FOLDER = join(import.meta.dirname, '..', '..', 'systemd');
const UNITS = globSync('*.{service,socket}', { cwd: UNITS_FOLDER });
const SERVICE = readFileSync(join(UNITS_FOLDER, 'dbcalm-cmd.service'), 'utf8');

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

/** systemd's own figure, from 0 (nothing can be reached) to 10. */
function exposure(unit: string): number {
  const { text } = run(ANALYZE, 'security', '--offline=true', '--no-pager', unit);
  const [, score] = /Overall exposure level for \S+: (\d+\.\d)/.exec(text) ?? [];
  assert.ok(score !== undefined, text);
  return Number(score);
}

/** `systemd-analyze verify` where the daemon's program stands in its place, in a /usr/bin that holds nothing else. */
function verify(t: TestContext, unit: string): { code: number | null; text: string } {
  const folder = testFolder(t);
  const file = join(folder, 'dbcalm-cmd.service');
  writeFileSync(file, unit);
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  copyFileSync(ANALYZE, join(bin, 'systemd-analyze'));
  writeFileSync(join(bin, 'dbcalm-cmd'), '', { mode: 0o755 });
  // It works in a folder that it makes in /tmp.
  const own = ['--tmpfs', '/run', '--tmpfs', '/tmp', '--bind', folder, folder, '--ro-bind', bin, '/usr/bin'];
  const jail = ['--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc', ...own];
  return run(BWRAP, ...jail, '--', ANALYZE, 'verify', '--man=no', file);
}

test('every unit is at most as exposed as allowed', { skip }, () => {
  assert.ok(UNITS.includes('dbcalm-cmd.service'));
  for (const unit of UNITS.filter((name) => name.endsWith('.service'))) {
    const score = exposure(join(UNITS_FOLDER, unit));
    assert.ok(score <= MOST_EXPOSED, `${unit}: ${score}, more than ${MOST_EXPOSED}`);
  }
});

test('the figure rises with what a unit may do', { skip }, (t) => {
  const looser = join(testFolder(t), 'dbcalm-cmd.service');
  writeFileSync(looser, SERVICE.replace(/^CapabilityBoundingSet=.*\n/m, ''));
  assert.ok(exposure(looser) > MOST_EXPOSED);
});

test('systemd has nothing to say against the unit, and would say it', { skip }, (t) => {
  assert.deepEqual(verify(t, SERVICE), { code: 0, text: '' });
  const misspelt = verify(t, SERVICE.replace('ProtectHome=', 'ProtectHouse='));
  assert.match(misspelt.text, /Unknown key.*ProtectHouse/);
  const elsewhere = verify(t, SERVICE.replace('/usr/bin/dbcalm-cmd', '/usr/bin/dbcalm-command'));
  assert.match(elsewhere.text, /dbcalm-command is not executable/);
});

test('what its peers and its own end rely on', () => {
  for (const line of [
    'User=root',
    'Group=dbcalm',
    'Restart=always',
    'KillMode=mixed',
    'RuntimeDirectory=dbcalm',
    'RuntimeDirectoryMode=2774',
    'RuntimeDirectoryPreserve=yes',
  ]) {
    assert.match(SERVICE, new RegExp(`^${line}$`, 'm'));
  }
});
