import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { stagedName } from '../../../src/io/fs/names.ts';
import {
  directoryObjection,
  holdDirectoryOf,
  stageFile,
  syncDirectoryOf,
  unstageFile,
} from '../../../src/io/fs/staged-file.ts';
import { testFolder } from '../../support/folder.ts';

const isRoot = process.getuid?.() === 0;

function cronDirectory(t: TestContext) {
  const folder = testFolder(t);
  const cron = join(folder, 'cron.d');
  mkdirSync(cron);
  const target = join(cron, 'dbcalm');
  const stage = async (id = 'x', content = 'text\n') => {
    const directory = holdDirectoryOf(target);
    try {
      await stageFile(directory, target, id, content);
    } finally {
      closeSync(directory.fd);
    }
  };
  return { folder, cron, target, staged: join(cron, '.dbcalm.x'), stage };
}

test('stageFile creates a new complete file of mode 0644, whatever the umask', async (t) => {
  const mask = process.umask(0o077);
  t.after(() => process.umask(mask));
  const { target, staged, stage } = cronDirectory(t);
  await stage();
  assert.equal(readFileSync(staged, 'utf8'), 'text\n');
  assert.equal(statSync(staged).mode & 0o7777, 0o644);
  await syncDirectoryOf(target);
  unstageFile(target, 'x');
  unstageFile(target, 'x');
  assert.ok(!existsSync(staged));
});

test('stageFile neither follows nor overwrites nor removes an entry that has the name already', async (t) => {
  const { folder, cron, target, staged, stage } = cronDirectory(t);
  writeFileSync(join(folder, 'other'), 'mine');
  symlinkSync(join(folder, 'other'), staged);
  await assert.rejects(stage(), { code: 'STAGING_FAILED', message: new RegExp(`EEXIST.*${staged}`) });
  assert.equal(readFileSync(staged, 'utf8'), 'mine');
  assert.throws(() => holdDirectoryOf(join(cron, 'none', 'x')), {
    code: 'STAGING_FAILED',
    message: /ENOENT/,
  });
  writeFileSync(join(cron, 'file'), '');
  assert.throws(() => holdDirectoryOf(join(cron, 'file', 'x')), { code: 'STAGING_FAILED' });
  assert.match(directoryObjection(join(cron, 'none', 'x')) as string, /there is no directory/);
  assert.equal(directoryObjection(target), undefined);
});

test('stagedName accepts only an id of its grammar', () => {
  assert.equal(stagedName('/etc/cron.d/dbcalm', 'aZ09_-'), '.dbcalm.aZ09_-');
  for (const id of ['', '.', 'a/b', '../x', 'a.b', 'x\n', 'a'.repeat(65), 'x\0'])
    assert.throws(() => stagedName('/etc/cron.d/dbcalm', id), { code: 'STAGING_FAILED' });
});

test('holdDirectoryOf refuses a directory that other users can change, and names it', (t) => {
  const { folder, cron, target } = cronDirectory(t);
  const isRefused = (message: RegExp) => {
    const before = readdirSync('/proc/self/fd').length;
    assert.throws(() => holdDirectoryOf(target), { code: 'CRON_DIRECTORY_UNSAFE', message });
    assert.equal(readdirSync('/proc/self/fd').length, before);
  };
  for (const mode of [0o775, 0o2770, 0o1777, 0o757]) {
    chmodSync(cron, mode);
    isRefused(new RegExp(`${cron} has mode ${mode.toString(8).padStart(4, '0')}`));
  }
  chmodSync(cron, 0o755);
  chmodSync(folder, 0o770);
  isRefused(new RegExp(`${folder} has mode 0770`));
  chmodSync(folder, 0o700);
  renameSync(cron, join(folder, 'elsewhere'));
  mkdirSync(join(folder, 'shared'));
  chmodSync(join(folder, 'shared'), 0o777);
  symlinkSync('elsewhere', cron);
  closeSync(holdDirectoryOf(target).fd);
  assert.throws(() => holdDirectoryOf(join(folder, 'shared', 'link', 'dbcalm')), { code: 'STAGING_FAILED' });
  symlinkSync('../elsewhere', join(folder, 'shared', 'link'));
  assert.throws(() => holdDirectoryOf(join(folder, 'shared', 'link', 'dbcalm')), {
    code: 'CRON_DIRECTORY_UNSAFE',
    message: /is a symlink that others can put there/,
  });
});

test("holdDirectoryOf refuses another user's directory, at the end of the path and on the way", {
  skip: !isRoot && 'gives files away',
}, (t) => {
  const { folder: above, cron, target } = cronDirectory(t);
  chownSync(cron, 12345, 0);
  assert.throws(() => holdDirectoryOf(target), {
    code: 'CRON_DIRECTORY_UNSAFE',
    message: new RegExp(`${cron} belongs to uid 12345$`),
  });
  chownSync(cron, 0, 0);
  chownSync(above, 12345, 0);
  assert.throws(() => holdDirectoryOf(target), { message: new RegExp(`${above} belongs to uid 12345$`) });
  chownSync(above, 0, 0);
  closeSync(holdDirectoryOf(target).fd);
});

test('stageFile writes to the held directory, whatever takes its name', async (t) => {
  const { folder, cron, target } = cronDirectory(t);
  const directory = holdDirectoryOf(target);
  renameSync(cron, join(folder, 'moved'));
  mkdirSync(cron);
  await stageFile(directory, target, 'x', 'text\n');
  closeSync(directory.fd);
  assert.deepEqual([readdirSync(cron), readdirSync(join(folder, 'moved'))], [[], ['.dbcalm.x']]);
});

/** In whole seconds, which cron programs compare. */
const secondsOf = (path: string) => Math.floor(statSync(path).mtimeMs / 1_000);

test('stageFile dates a file at least one whole second after the one that it replaces', async (t) => {
  const { target, staged, stage } = cronDirectory(t);
  for (let update = 0, last = Number.NEGATIVE_INFINITY; update < 4; update++) {
    await stage();
    const found = secondsOf(staged);
    assert.ok(found >= Math.floor(Date.now() / 1_000) - 5, 'not before now');
    assert.ok(found > last);
    last = found;
    renameSync(staged, target);
  }
});

test('stageFile exceeds an mtime in the future, and uses the present for one in the past', async (t) => {
  const { target, staged, stage } = cronDirectory(t);
  const future = Math.floor(Date.now() / 1_000) + 1_000_000;
  writeFileSync(target, 'old');
  utimesSync(target, future + 0.75, future + 0.75);
  await stage();
  assert.equal(statSync(staged).mtimeMs, (future + 1) * 1_000);
  unstageFile(target, 'x');
  const now = Date.now();
  utimesSync(target, new Date(-5_500), new Date(-5_500));
  await stage();
  assert.ok(statSync(staged).mtimeMs >= now - 1 && statSync(staged).mtimeMs <= Date.now() + 1);
});

test('stageFile compares with the mtime of a symlink that it replaces, not with that of its target', async (t) => {
  const { folder, target, staged, stage } = cronDirectory(t);
  const future = Math.floor(Date.now() / 1_000) + 1_000_000;
  symlinkSync(join(folder, 'none'), target);
  lutimesSync(target, future, future);
  await stage();
  assert.equal(secondsOf(staged), future + 1);
});
