import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadAddon } from '../../../src/io/os/native-addon.ts';
import { testFolder } from '../../support/folder.ts';
import { canMount, mounter } from '../../support/mount.ts';

const ADDON = `better-sqlite3/prebuilds/linux-${process.arch}.node`;
const MODULES = join(import.meta.dirname, '..', '..', '..', 'node_modules');

/** Returns an asset of the executable. The tests do not run in it, so the asset is read from its file. */
const assetOf = (name: string) => Uint8Array.from(readFileSync(join(MODULES, name))).buffer;
const load = (...folders: string[]) => loadAddon(ADDON, folders, assetOf);

interface Exports {
  readonly Database: unknown;
}

test('`loadAddon` loads the addon from an unlinked file, and keeps the file open', (t) => {
  const folder = testFolder(t);
  const { Database } = load(folder) as Exports;
  assert.equal(typeof Database, 'function');
  assert.deepEqual(readdirSync(folder), []);
  const held = readdirSync('/proc/self/fd').filter((fd) => linkOf(fd).startsWith(folder));
  assert.equal(held.length, 1);
  assert.match(linkOf(held[0] as string), /\(deleted\)$/);
});

/** One of the listed descriptors is closed by now: the one that listed them. */
function linkOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return '';
  }
}

test('`loadAddon` tries the next directory if one does not allow to execute the file', {
  skip: !canMount,
}, (t) => {
  const mount = mounter(t);
  const folder = testFolder(t);
  const [strict, good] = [join(folder, 'noexec'), join(folder, 'good')] as const;
  for (const name of [strict, good]) mkdirSync(name);
  mount(strict, '-t', 'tmpfs', '-o', 'noexec', 'none');
  const missing = join(folder, 'missing');
  assert.ok(load(missing, strict, good));
  assert.throws(() => load(missing, strict), {
    message: new RegExp(
      `^${ADDON} cannot be loaded, for want of a folder to execute it from \\(${missing}: ENOENT.*; ` +
        `${strict}: .*failed to map segment.*\\)$`,
    ),
  });
});

test('`loadAddon` skips a full directory', { skip: !canMount }, (t) => {
  const mount = mounter(t);
  const folder = testFolder(t);
  const [full, good] = [join(folder, 'full'), join(folder, 'good')] as const;
  for (const name of [full, good]) mkdirSync(name);
  mount(full, '-t', 'tmpfs', '-o', 'size=64k', 'none');
  writeFileSync(join(full, 'filling'), Buffer.alloc(32_768));
  assert.ok(load(full, good));
});
