import assert from 'node:assert/strict';
import { closeSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { createActor, toPromise } from 'xstate';
import { type Prepared, prepareStep } from '../../../src/actors/process/steps/prepare.ts';
import { pinFolder } from '../../../src/io/fs/pinned-directory.ts';
import { testFolder } from '../../support/folder.ts';
import { canMount, mounter } from '../../support/mount.ts';

function tree(t: TestContext) {
  const folder = testFolder(t);
  const root = join(folder, 'root');
  mkdirSync(join(root, 'a', 'b'), { recursive: true });
  mkdirSync(join(folder, 'outside', 'b'), { recursive: true });
  return { folder, root };
}

const prepare = (paths: string[], roots: string[], from = 0, ownFiles: string[] = []): Promise<Prepared> =>
  toPromise(
    createActor(prepareStep, {
      input: { step: { do: 'remove', paths }, from, roots, unsafeRoots: [], ownFiles, nextSlice: turn },
    }).start(),
  );
const descriptors = () => readdirSync('/proc/self/fd').length;

test('`pinFolder` keeps the directory if another takes its name', (t) => {
  const { folder, root } = tree(t);
  const pinned = pinFolder(join(root, 'a'), [root]);
  renameSync(join(root, 'a'), join(root, 'moved'));
  symlinkSync(join(folder, 'outside'), join(root, 'a'));
  assert.deepEqual(readdirSync(`/proc/self/fd/${pinned?.fd}`), ['b']);
  rmSync(`/proc/self/fd/${pinned?.fd}/b`, { recursive: true });
  assert.deepEqual(readdirSync(join(folder, 'outside')), ['b']);
  closeSync(pinned?.fd as number);
});

test('`pinFolder` refuses a symlink between the root and the directory, and keeps nothing open', (t) => {
  const { folder, root } = tree(t);
  symlinkSync(join(folder, 'outside'), join(root, 'out'));
  symlinkSync(join(root, 'a'), join(root, 'in'));
  const before = descriptors();
  for (const path of ['out', 'out/b', 'in', 'in/b']) {
    assert.throws(() => pinFolder(join(root, path), [root]), /not where the path says/, path);
  }
  assert.throws(() => pinFolder(folder, [root]), /below no root/);
  assert.equal(descriptors(), before);
});

test('`pinFolder` returns undefined for a missing directory, for a file, and below a missing root', (t) => {
  const { root } = tree(t);
  writeFileSync(join(root, 'file'), '');
  for (const path of ['missing', 'missing/deeper', 'file', 'file/deeper']) {
    assert.equal(pinFolder(join(root, path), [root]), undefined, path);
  }
  assert.equal(pinFolder(join(root, 'none', 'x'), [join(root, 'none')]), undefined);
});

test('`prepareStep` splits a removal before its arguments or open directories become too many', async (t) => {
  const { root } = tree(t);
  const one = await prepare([join(root, 'a', 'b'), join(root, 'a', 'c'), join(root, 'd')], [root]);
  assert.deepEqual(one.launch?.args.slice(4), [
    '/proc/self/fd/3/b',
    '/proc/self/fd/3/c',
    '/proc/self/fd/4/d',
  ]);
  assert.equal(one.next, undefined);
  for (const fd of one.launch?.fds ?? []) closeSync(fd);

  const folders = Array.from({ length: 100 }, (_, index) => join(root, `f${index}`));
  for (const folder of folders) mkdirSync(folder);
  const inner = folders.map((folder) => join(folder, 'x'));
  const wide = await prepare(inner, [root]);
  assert.deepEqual([wide.launch?.fds.length, wide.next], [64, 64]);
  for (const fd of wide.launch?.fds ?? []) closeSync(fd);
  const rest = await prepare(inner, [root], 64);
  assert.deepEqual([rest.launch?.fds.length, rest.next], [36, undefined]);
  for (const fd of rest.launch?.fds ?? []) closeSync(fd);

  const many = Array.from({ length: 150_000 }, (_, index) => join(root, String(index)));
  const long = await prepare(many, [root]);
  const bytes = (long.launch?.args ?? []).reduce((sum, argument) => sum + argument.length + 9, 0);
  assert.ok(bytes >= 128 * 1024 && bytes < 129 * 1024, `${bytes}`);
  for (const fd of long.launch?.fds ?? []) closeSync(fd);
});

test('`prepareStep` refuses the whole part if one directory has moved, and keeps nothing open', async (t) => {
  const { root } = tree(t);
  symlinkSync(join(root, 'a'), join(root, 'in'));
  const before = descriptors();
  await assert.rejects(
    prepare([join(root, 'a', 'b'), join(root, 'in', 'b')], [root]),
    /not where the path says/,
  );
  assert.equal(descriptors(), before);
});

test('`prepareStep` does not pass a directory with a file of the daemon to `rm`, even one created after the 202', async (t) => {
  const { root } = tree(t);
  const before = descriptors();
  const own = [join(root, 'a', 'b', 'db.sqlite3')];
  await assert.rejects(prepare([join(root, 'a', 'b')], [root], 0, own), /keeps a file of its own there/);
  await assert.rejects(prepare([join(root, 'a')], [root], 0, own), /keeps a file of its own there/);
  assert.equal(descriptors(), before);
});

test('`prepareStep` does not pass a mount point to `rm`', { skip: !canMount && 'mounts' }, async (t) => {
  const mount = mounter(t);
  const { folder, root } = tree(t);
  mount(join(root, 'a', 'b'), '--bind', join(folder, 'outside'));
  await assert.rejects(
    prepare([join(root, 'a', 'b')], [root]),
    /a file system is mounted there: .*is a mount point/,
  );
  await assert.rejects(prepare([join(root, 'a')], [root]), /a file system is mounted there: below/);
});
