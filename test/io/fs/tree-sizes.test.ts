import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { emptySize, type TreeSize, TreeSizes } from '../../../src/io/fs/tree-sizes.ts';
import { testFolder } from '../../support/folder.ts';
import { canMount, mounter } from '../../support/mount.ts';

const NO_LIMITS = { maxEntries: Number.POSITIVE_INFINITY, signal: new AbortController().signal };

/** A directory and one `TreeSizes` that measures names in it. */
function stand(t: TestContext, limits: Partial<typeof NO_LIMITS> = {}) {
  const folder = testFolder(t);
  const fd = openSync(folder, 'r');
  t.after(() => closeSync(fd));
  const sizes = new TreeSizes({ ...NO_LIMITS, ...limits });
  return {
    folder,
    put: (name: string, bytes = 0) => {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), Buffer.alloc(bytes, 1));
    },
    measure: async (name: string): Promise<TreeSize | undefined> => {
      const size = emptySize();
      return (await sizes.add(fd, name, size)) ? size : undefined;
    },
    du: (name: string) =>
      Number(execFileSync('du', ['-sB1', join(folder, name)], { encoding: 'utf8' }).split('\t')[0]),
  };
}

const descriptors = () => readdirSync('/proc/self/fd').length;

test('`TreeSizes` counts the entries, the bytes of the files and the disk space that `du` counts', async (t) => {
  const { folder, put, measure, du } = stand(t);
  for (let index = 0; index < 600; index++) put(`tree/${index % 7}/inner/${index}`, index);
  put('tree/large', 1_000_000);
  put('tree/sparse');
  truncateSync(join(folder, 'tree', 'sparse'), 5_000_000);
  const before = descriptors();
  const size = await measure('tree');
  assert.deepEqual(size, {
    entries: 1 + 7 * 2 + 600 + 2,
    apparentBytes: (599 * 600) / 2 + 6_000_000,
    freedBytes: du('tree'),
    incomplete: undefined,
  });
  assert.equal(descriptors(), before);
});

test('`TreeSizes` counts a regular file as one entry, and returns nothing for a missing name', async (t) => {
  const { put, measure, du } = stand(t);
  put('file', 10);
  assert.deepEqual(await measure('file'), {
    entries: 1,
    apparentBytes: 10,
    freedBytes: du('file'),
    incomplete: undefined,
  });
  assert.equal(await measure('none'), undefined);
});

test('`TreeSizes` does not count the target of a symlink', async (t) => {
  const { folder, put, measure } = stand(t);
  put('outside/large', 100_000);
  put('tree/file', 10);
  symlinkSync(join(folder, 'outside'), join(folder, 'tree', 'out'));
  symlinkSync(join(folder, 'outside'), join(folder, 'link'));
  const length = join(folder, 'outside').length;
  const [tree, link] = [await measure('tree'), await measure('link')];
  assert.deepEqual([tree?.entries, tree?.apparentBytes], [3, 10 + length]);
  assert.deepEqual([link?.entries, link?.apparentBytes], [1, length]);
});

test('`TreeSizes` counts names that are not UTF-8', async (t) => {
  const { folder, put, measure } = stand(t);
  put('tree/file', 10);
  const odd = Buffer.concat([Buffer.from(`${folder}/tree/`), Buffer.of(0xff, 0xfe)]);
  mkdirSync(odd);
  writeFileSync(Buffer.concat([odd, Buffer.from('/inner')]), 'x');
  const size = await measure('tree');
  assert.deepEqual([size?.entries, size?.apparentBytes, size?.incomplete], [4, 11, undefined]);
});

test('`TreeSizes` counts a file with several names once, and as freed only with its last name', async (t) => {
  const { folder, put, measure, du } = stand(t);
  for (const name of ['both', 'alone']) put(`one/${name}`, 50_000);
  put('kept', 70_000);
  mkdirSync(join(folder, 'two'));
  linkSync(join(folder, 'one', 'both'), join(folder, 'two', 'both'));
  linkSync(join(folder, 'kept'), join(folder, 'two', 'kept'));
  const file = du('one/alone');
  const [one, two] = [await measure('one'), await measure('two')];
  const [emptyOne, emptyTwo] = [du('one') - 2 * file, du('two') - file - du('kept')];
  assert.deepEqual([one?.apparentBytes, one?.freedBytes], [100_000, emptyOne + file]);
  assert.deepEqual([two?.apparentBytes, two?.freedBytes], [70_000, emptyTwo + file]);
});

test('`TreeSizes` stops at its limit for all trees together, and says so', async (t) => {
  const { put, measure } = stand(t, { maxEntries: 10 });
  for (let index = 0; index < 20; index++) put(`one/${index}`);
  put('two/file');
  const [one, two] = [await measure('one'), await measure('two')];
  assert.deepEqual([one?.entries, one?.incomplete], [10, 'more than 10 entries are not counted']);
  assert.deepEqual([two?.entries, two?.incomplete], [1, 'more than 10 entries are not counted']);
});

test('`TreeSizes` ends when its time is over', async (t) => {
  const { put, measure } = stand(t, { signal: AbortSignal.abort() });
  put('tree/file');
  const size = await measure('tree');
  assert.deepEqual([size?.entries, size?.incomplete], [1, 'the time for it is over']);
});

test('`TreeSizes` bounds its file descriptors in deeply nested directories', async (t) => {
  const { put, measure } = stand(t);
  put(`${'d/'.repeat(300)}file`);
  const size = await measure('d');
  assert.deepEqual([size?.entries, size?.incomplete], [101, 'more than 100 folders lie in each other']);
});

test('`TreeSizes` leaves out a mounted file system', { skip: !canMount && 'mounts' }, async (t) => {
  const mount = mounter(t);
  const { folder, put, measure } = stand(t);
  put('tree/file');
  mkdirSync(join(folder, 'tree', 'disk'));
  mount(join(folder, 'tree', 'disk'), '-t', 'tmpfs', 'tmpfs');
  put('tree/disk/other', 1_000);
  const size = await measure('tree');
  assert.deepEqual([size?.entries, size?.apparentBytes], [2, 0]);
});
