import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readPresentFile } from '../../../src/io/fs/read-if-exists.ts';
import { testFolder } from '../../support/folder.ts';

test('`readPresentFile` reads a regular file, and returns nothing for a missing one', async (t) => {
  const folder = testFolder(t);
  writeFileSync(join(folder, 'file'), 'Grüße\n');
  assert.deepEqual(await readPresentFile(join(folder, 'file')), { text: 'Grüße\n' });
  assert.deepEqual(await readPresentFile(join(folder, 'none')), {});
});

test('`readPresentFile` does not read other kinds of files, and never blocks', async (t) => {
  const folder = testFolder(t);
  const at = (name: string) => join(folder, name);
  mkdirSync(at('folder'));
  symlinkSync(at('folder'), at('link'));
  execFileSync('mkfifo', [at('pipe')]);
  writeFileSync(at('large'), '');
  truncateSync(at('large'), 5_000_000);
  const unread = async (name: string) => (await readPresentFile(at(name))).unread;
  assert.equal(await unread('folder'), 'it is no plain file');
  assert.equal(await unread('pipe'), 'it is no plain file');
  assert.equal(await unread('link'), 'it is a symlink');
  assert.equal(await unread('large'), 'it has more than 4194304 bytes');
  assert.match((await unread('large/below')) as string, /ENOTDIR/);
});
