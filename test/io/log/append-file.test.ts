import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  existsSync,
  fstatSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isLogInPlace, logFileObjection, openLogFile } from '../../../src/io/log/append-file.ts';
import { testFolder } from '../../support/folder.ts';
import { canMount, mounter } from '../../support/mount.ts';

const isRoot = process.getuid?.() === 0;

/** A directory like /var/log/dbcalm, which its group can write to. */
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
  const { fd } = openLogFile(file);
  writeSync(fd, line);
  closeSync(fd);
}

/** Opens the log. The previous entry must be unchanged, under another name. */
function isSetAside(file: string, why: RegExp): void {
  assert.match(logFileObjection(file) as string, /, and others can have put it there$/);
  const before = lstatSync(file);
  const { fd, setAside } = openLogFile(file);
  try {
    assert.match(setAside as string, why);
    const [, aside] = /; it is (.*) now$/.exec(setAside as string) as unknown as [string, string];
    assert.ok(aside.startsWith(`${file}.occupied-`));
    const { ino, mode, nlink, uid } = lstatSync(aside);
    assert.deepEqual({ ino, mode, nlink, uid }, pick(before));
    const made = lstatSync(file);
    assert.deepEqual(
      [made.ino, made.isFile(), made.nlink, made.uid],
      [fstatSync(fd).ino, true, 1, geteuid()],
    );
    assert.equal(made.mode & 0o777, 0o640 & ~process.umask());
    assert.ok(isLogInPlace(file, fd));
    assert.equal(logFileObjection(file), undefined);
  } finally {
    closeSync(fd);
  }
}

const pick = ({ ino, mode, nlink, uid }: Stats) => ({ ino, mode, nlink, uid });
const geteuid = () => process.geteuid?.();

test('openLogFile creates a log readable for its group, with its directory, and appends to it', (t) => {
  const file = join(testFolder(t), 'a', 'b', 'cmd.log');
  assert.equal(logFileObjection(file), undefined);
  append(file, 'one\n');
  append(file, 'two\n');
  assert.equal(readFileSync(file, 'utf8'), 'one\ntwo\n');
  assert.equal(statSync(file).mode & 0o777, 0o640 & ~process.umask());
  assert.equal(logFileObjection(file), undefined);
});

for (const mode of [0o2770, 0o3770, 0o770, 0o1777]) {
  test(`openLogFile follows no link in a directory of mode ${mode.toString(8)}: it moves it aside`, (t) => {
    const { folder, file, another } = sharedFolder(t, mode);
    symlinkSync(another, file);
    isSetAside(file, /cmd\.log was a symlink, and others can have put it there/);
    append(file, 'a line\n');
    assert.equal(readFileSync(file, 'utf8'), 'a line\n');
    assert.equal(readFileSync(another, 'utf8'), 'as it was\n');
    symlinkSync(join(folder, 'none'), `${file}.2`);
    isSetAside(`${file}.2`, /was a symlink/);
    assert.ok(!existsSync(join(folder, 'none')));
    assert.equal(readdirSync(dirname(file)).length, 4);
  });
}

test('openLogFile moves aside a file with a second name, a pipe with or without a reader, and a directory', (t) => {
  const { file, another } = sharedFolder(t);
  linkSync(another, file);
  isSetAside(file, /was a file of 2 names/);
  const pipe = `${file}.pipe`;
  execFileSync('mkfifo', [pipe]);
  isSetAside(pipe, /was no plain file/);
  const read = `${file}.read`;
  execFileSync('mkfifo', [read]);
  const reader = openSync(read, constants.O_RDONLY | constants.O_NONBLOCK);
  isSetAside(read, /was no plain file/);
  closeSync(reader);
  mkdirSync(`${file}.directory`);
  writeFileSync(join(`${file}.directory`, 'file'), 'as it was\n');
  isSetAside(`${file}.directory`, /was no plain file/);
  assert.equal(readFileSync(another, 'utf8'), 'as it was\n');
});

test("openLogFile moves another user's file aside, whatever its mode", {
  skip: !isRoot && 'gives files away',
}, (t) => {
  for (const mode of [0o640, 0o666, 0]) {
    const { file } = sharedFolder(t, 0o3770);
    writeFileSync(file, '');
    chownSync(file, 12345, -1);
    chmodSync(file, mode);
    isSetAside(file, /was a file of uid 12345/);
  }
});

test('openLogFile leaves an entry that cannot be moved, and says why', {
  skip: !canMount && 'mounts',
}, (t) => {
  const mount = mounter(t);
  const { file } = sharedFolder(t, 0o3770);
  mkdirSync(file);
  // Any user can mount there with FUSE.
  mount(file, '-t', 'tmpfs', 'tmpfs');
  assert.throws(() => openLogFile(file), {
    code: 'LOG_OCCUPIED',
    message: /cmd\.log cannot be moved aside \(EBUSY\)$/,
  });
  assert.deepEqual(readdirSync(dirname(file)), ['cmd.log']);
});

test('isLogInPlace notices a log that was renamed or replaced', (t) => {
  const { file } = sharedFolder(t);
  const { fd } = openLogFile(file);
  assert.ok(isLogInPlace(file, fd));
  renameSync(file, `${file}.1`);
  assert.ok(!isLogInPlace(file, fd));
  symlinkSync(`${file}.1`, file);
  assert.ok(!isLogInPlace(file, fd));
  rmSync(file);
  linkSync(`${file}.1`, file);
  assert.ok(!isLogInPlace(file, fd));
  rmSync(`${file}.1`);
  assert.ok(isLogInPlace(file, fd));
  rmSync(file);
  writeFileSync(file, '');
  assert.ok(!isLogInPlace(file, fd));
  closeSync(fd);
});

test('openLogFile refuses a path through a directory that others can swap, and creates nothing behind it', (t) => {
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

test('openLogFile follows a link in a directory that only the daemon can write to, but no further link in a shared one', (t) => {
  const { folder, file, another } = sharedFolder(t);
  const link = join(folder, 'cmd.log');
  symlinkSync('another', link);
  append(link, 'a line\n');
  assert.equal(readFileSync(another, 'utf8'), 'as it was\na line\n');
  assert.equal(logFileObjection(link), undefined);
  symlinkSync('shared/cmd.log', join(folder, 'onward'));
  symlinkSync(another, file);
  assert.match(logFileObjection(join(folder, 'onward')) as string, /^a symlink/);
  append(join(folder, 'onward'), 'moved\n');
  assert.equal(readFileSync(file, 'utf8'), 'moved\n');
  assert.equal(readFileSync(another, 'utf8'), 'as it was\na line\n');
  symlinkSync('new', join(folder, 'dangling'));
  append(join(folder, 'dangling'), 'made\n');
  assert.equal(readFileSync(join(folder, 'new'), 'utf8'), 'made\n');
  symlinkSync('circle', join(folder, 'circle'));
  assert.throws(() => openLogFile(join(folder, 'circle')), /leads in a circle/);
});

test('openLogFile opens devices of the system and the target of stderr', (t) => {
  for (const device of ['/dev/null', '/dev/full']) closeSync(openLogFile(device).fd);
  const file = join(testFolder(t), 'stderr');
  const fd = openSync(file, 'w');
  append(`/proc/self/fd/${fd}`, 'a line\n');
  closeSync(fd);
  assert.equal(readFileSync(file, 'utf8'), 'a line\n');
});

test('openLogFile reports an error of the system with the given path', (t) => {
  const folder = testFolder(t);
  mkdirSync(join(folder, 'cmd.log'));
  assert.throws(() => openLogFile(join(folder, 'cmd.log')), {
    code: 'EISDIR',
    message: `EISDIR: illegal operation on a directory, open '${folder}/cmd.log'`,
  });
});
