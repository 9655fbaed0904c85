/** The package's logrotate config with the real logrotate, on a directory that a member of the group can write to. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { testFolder } from '../support/folder.ts';
import { asMember, MEMBER } from '../support/member.ts';
import { BareMachine, noPackagedDirectories } from '../support/packaged-directories.ts';

const PROJECT = join(import.meta.dirname, '..', '..');
const LOGROTATE = '/usr/sbin/logrotate';
const skip = noPackagedDirectories() || (!existsSync(LOGROTATE) && `${LOGROTATE} is missing`);

const LINE = 'a line of a job\n';

function installed(t: TestContext) {
  const machine = new BareMachine(testFolder(t));
  machine.install();
  mkdirSync(machine.path('etc/logrotate.d'));
  const text = readFileSync(join(PROJECT, 'packaging/debian/logrotate'), 'utf8');
  const config = machine.path('etc/logrotate.d/dbcalm-cmd');
  // Its script would signal the service of the host.
  const script = /^\t\tif [\s\S]*?^\t\tfi$/m;
  assert.match(text, script);
  writeFileSync(
    config,
    text
      .replaceAll('/var/log/', `${machine.path('var/log')}/`)
      .replace(script, `\t\techo told >> ${machine.path('told')}`),
    { mode: 0o644 },
  );
  const logs = machine.path('var/log/dbcalm');
  /** Creates a log as the daemon does. */
  const make = (name: string, content = LINE) => {
    const path = join(logs, name);
    writeFileSync(path, content, { mode: 0o640 });
    chownSync(path, 0, MEMBER.gid);
    return path;
  };
  const rotate = (...options: string[]) =>
    machine.run(`exec ${LOGROTATE} "$@"`, ...options, '--state', machine.path('state'), config);
  const told = () => (existsSync(machine.path('told')) ? readFileSync(machine.path('told'), 'utf8') : '');
  return { machine, logs, make, rotate, told };
}

test('logrotate bounds the logs of cron jobs, and never frees their names', { skip }, (t) => {
  const { logs, make, rotate } = installed(t);
  const files = [make('cron-1.log'), make('cron-22.log'), make('cleanup.log')];
  const before = files.map((path) => statSync(path).ino);
  for (let week = 0; week < 7; week++) {
    for (const path of files) writeFileSync(path, `${week} ${LINE}`, { flag: 'a' });
    assert.equal(rotate('--force'), 0);
  }
  for (const [index, path] of files.entries()) {
    const { ino, uid, gid, mode, nlink, size } = statSync(path);
    assert.deepEqual(
      [ino, uid, gid, mode & 0o7777, nlink, size],
      [before[index], 0, MEMBER.gid, 0o640, 1, 0],
    );
    assert.equal(gunzipSync(readFileSync(`${path}.1.gz`)).toString(), `6 ${LINE}`);
  }
  assert.deepEqual(
    readdirSync(logs).filter((name) => name.startsWith('cron-1.log')),
    ['cron-1.log', ...[1, 2, 3, 4].map((week) => `cron-1.log.${week}.gz`)],
  );
});

test('logrotate rotates a log of more than 10 MiB before the week is over', { skip }, (t) => {
  const { make, rotate } = installed(t);
  const large = make('cron-1.log', LINE.repeat(800_000));
  const small = make('cron-2.log');
  // The first run only records the time.
  rotate();
  assert.equal(rotate(), 0);
  assert.equal(statSync(large).size, 0);
  assert.equal(statSync(small).size, LINE.length);
});

test('logrotate changes no other file when a member of the group replaces a log', {
  skip,
}, (t) => {
  const { machine, logs, make, rotate } = installed(t);
  const canary = machine.path('canary');
  writeFileSync(canary, 'of root alone\n', { mode: 0o600 });
  const good = make('cron-1.log');
  const paths = ['cron-2.log', 'cron-3.log', 'cron-4.log', 'cron-5.log'].map((name) => join(logs, name));
  const [link, pipe, directory, hard] = paths as [string, string, string, string];
  symlinkSync(canary, link);
  execFileSync('mkfifo', [pipe]);
  mkdirSync(directory);
  // The kernel does not let a member do this (fs.protected_hardlinks).
  linkSync(canary, hard);
  // The names of rotated files.
  for (const suffix of ['.1', '.1.gz', '.2.gz']) symlinkSync(canary, `${good}${suffix}`);
  for (const name of readdirSync(logs).filter((name) => name !== 'cron-1.log'))
    if (join(logs, name) !== hard)
      execFileSync('chown', ['-h', `${MEMBER.uid}:${MEMBER.gid}`, join(logs, name)]);
  for (let week = 0; week < 3; week++) {
    rotate('--force');
    assert.equal(readFileSync(canary, 'utf8'), 'of root alone\n');
    assert.deepEqual([statSync(canary).mode & 0o7777, statSync(canary).uid], [0o600, 0]);
    const { uid, nlink } = lstatSync(good);
    assert.deepEqual([uid, nlink], [0, 1]);
  }
  chmodSync(canary, 0o600);
});

test('logrotate renames the logs of the daemon, creates none, and runs the script that signals the daemon', {
  skip,
}, (t) => {
  const { machine, logs, make, rotate, told } = installed(t);
  make('cmd.log');
  make('cmd-audit.log');
  assert.equal(rotate('--force'), 0);
  assert.equal(told(), 'told\n');
  assert.deepEqual(readdirSync(logs), ['cmd-audit.log.1', 'cmd.log.1']);
  // A member takes the names while no daemon runs. The rotation continues, and the daemon takes the names back at its
  // start.
  assert.equal(asMember(machine.folder, '/bin/sh', '-c', `echo mine > ${join(logs, 'cmd.log')}`).status, 0);
  assert.equal(rotate('--force'), 0);
  assert.equal(told(), 'told\ntold\n');
});
