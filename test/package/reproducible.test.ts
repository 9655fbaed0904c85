import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { DEB, DIST, MODULES, NODE, PROJECT } from '../../packaging/project.ts';

const skip = !existsSync(DEB) && 'npm run package has not been run';
const hash = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex');

test('packaging/package.ts builds identical packages of a commit in any directory, time zone, language and umask', {
  skip,
}, (t) => {
  // The copy is on the same disk, since the modules are hard-linked.
  const folder = mkdtempSync(join(DIST, 'another-place-'));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const name of [
    'src',
    'packaging',
    'config',
    'docs',
    'systemd',
    'package.json',
    'LICENSE',
    'CHANGELOG.md',
  ])
    cpSync(join(PROJECT, name), join(folder, name), { recursive: true });
  mkdirSync(join(folder, 'node_modules'));
  const modules = readdirSync(MODULES).filter((name) => !name.startsWith('.'));
  execFileSync('cp', ['-al', ...modules.map((name) => join(MODULES, name)), join(folder, 'node_modules')]);

  const committed = execFileSync('git', ['-C', PROJECT, 'log', '-1', '--format=%ct'], { encoding: 'utf8' });
  const line = `umask 077; exec "${NODE}" packaging/package.ts`;
  execFileSync('/bin/sh', ['-c', line], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { PATH: '/usr/bin:/bin', TZ: 'Asia/Tokyo', LC_ALL: 'C', SOURCE_DATE_EPOCH: committed.trim() },
  });
  assert.equal(hash(join(folder, 'dist', basename(DEB))), hash(DEB));
});
