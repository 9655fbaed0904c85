import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { logFileObjection, openLogFile } from '../../src/io/log-file.ts';
import { testFolder } from '../support/folder.ts';

const isRoot = process.getuid?.() === 0;

/** As /var/log/dbcalm is: open to its group. */
function sharedFolder(t: TestContext, mode = 0o2770) {
  const folder = testFolder(t);
  const shared = join(folder, 'shared');
  mkdirSync(shared);
  chmodSync(shared, mode);
  const another = join(folder, 'another');
  writeFileSync(another, 'as it was\n');
  return { folder, shared, another, file: join(shared, 'cmd.log') };
}

function append(file: string, line: string): void {
  const fd = openLogFile(file);
  writeSync(fd, line);
  closeSync(fd);
}

function isRefused(file: string, why: RegExp): void {
  assert.throws(() => openLogFile(file), { code: 'LOG_OCCUPIED', message: why });
  assert.match(logFileObjection(file) as string, /, and others can have put it there$/);
}

test('a log is made with its folder, for its group to read, and is appended to', (t) => {
  const file = join(testFolder(t), 'a', 'b', 'cmd.log');
  assert.equal(logFileObjection(file), undefined);
  append(file, 'one\n');
  append(file, 'two\n');
  assert.equal(readFileSync(file, 'utf8'), 'one\ntwo\n');
  assert.equal(statSync(file).mode & 0o777, 0o640 & ~process.umask());
  assert.equal(logFileObjection(file), undefined);
});

for (const mode of [0o2770, 0o770, 0o1777]) {
  test(`in a folder of mode ${mode.toString(8)} no link is followed, whether it leads somewhere or not`, (t) => {
    const { folder, file, another } = sharedFolder(t, mode);
    symlinkSync(another, file);
    isRefused(file, /cmd\.log is a symlink, and others can have put it there/);
    assert.equal(readFileSync(another, 'utf8'), 'as it was\n');
    symlinkSync(join(folder, 'none'), `${file}.2`);
    isRefused(`${file}.2`, /is a symlink/);
    assert.ok(!existsSync(join(folder, 'none')));
  });
}

test('there neither a file with a second name is taken nor a pipe, be it read or not', (t) => {
  const { file, another } = sharedFolder(t);
  linkSync(another, file);
  isRefused(file, /is a file of 2 names/);
  const pipe = `${file}.pipe`;
  execFileSync('mkfifo', [pipe]);
  assert.throws(() => openLogFile(pipe), { code: 'ENXIO' });
  const reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
  isRefused(pipe, /is no plain file/);
  closeSync(reader);
  assert.equal(readFileSync(another, 'utf8'), 'as it was\n');
});

test("nor is another user's file", { skip: !isRoot && 'gives files away' }, (t) => {
  const { file } = sharedFolder(t);
  writeFileSync(file, '');
  chownSync(file, 12345, -1);
  isRefused(file, /is a file of uid 12345/);
});

test('a folder on the way that others can swap leads nowhere, and none is made behind it', (t) => {
  const { folder, shared } = sharedFolder(t);
  mkdirSync(join(folder, 'elsewhere'));
  symlinkSync(join(folder, 'elsewhere'), join(shared, 'logs'));
  for (const file of ['logs/cmd.log', 'logs/deeper/cmd.log'])
    assert.throws(() => openLogFile(join(shared, file)), {
      code: 'LOG_OCCUPIED',
      message: /shared\/logs is a symlink that others can put there/,
    });
  assert.ok(!existsSync(join(folder, 'elsewhere', 'cmd.log')));
  assert.ok(!existsSync(join(folder, 'elsewhere', 'deeper')));
});

test('in a folder that only we can write to a link is followed, but not through one that others can', (t) => {
  const { folder, file, another } = sharedFolder(t);
  const link = join(folder, 'cmd.log');
  symlinkSync('another', link);
  append(link, 'a line\n');
  assert.equal(readFileSync(another, 'utf8'), 'as it was\na line\n');
  assert.equal(logFileObjection(link), undefined);
  symlinkSync('shared/cmd.log', join(folder, 'onward'));
  symlinkSync(another, file);
  isRefused(join(folder, 'onward'), /shared\/cmd\.log is a symlink/);
  symlinkSync('new', join(folder, 'dangling'));
  append(join(folder, 'dangling'), 'made\n');
  assert.equal(readFileSync(join(folder, 'new'), 'utf8'), 'made\n');
  symlinkSync('circle', join(folder, 'circle'));
  assert.throws(() => openLogFile(join(folder, 'circle')), /leads in a circle/);
});

test('devices of the system are logs, and so is what stderr leads to', (t) => {
  for (const device of ['/dev/null', '/dev/full']) closeSync(openLogFile(device));
  const file = join(testFolder(t), 'stderr');
  const fd = openSync(file, 'w');
  append(`/proc/self/fd/${fd}`, 'a line\n');
  closeSync(fd);
  assert.equal(readFileSync(file, 'utf8'), 'a line\n');
});

test('what the system has against it is told with the path that was given', (t) => {
  const folder = testFolder(t);
  mkdirSync(join(folder, 'cmd.log'));
  assert.throws(() => openLogFile(join(folder, 'cmd.log')), {
    code: 'EISDIR',
    message: `EISDIR: illegal operation on a directory, open '${folder}/cmd.log'`,
  });
});
