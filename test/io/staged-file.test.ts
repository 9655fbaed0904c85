import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { stageFile, syncFolderOf, unstageFile } from '../../src/io/staged-file.ts';
import { testFolder } from '../support/folder.ts';

test('a staged file is new, whole and mode 0644 whatever the umask', async (t) => {
  const mask = process.umask(0o077);
  t.after(() => process.umask(mask));
  const path = join(testFolder(t), '.dbcalm.x');
  await stageFile(path, 'text\n');
  assert.equal(readFileSync(path, 'utf8'), 'text\n');
  assert.equal(statSync(path).mode & 0o7777, 0o644);
  await syncFolderOf(path);
  await unstageFile(path);
  await unstageFile(path);
  assert.ok(!existsSync(path));
});

test('what already has the name is neither followed nor overwritten nor removed', async (t) => {
  const folder = testFolder(t);
  const path = join(folder, '.dbcalm.x');
  writeFileSync(join(folder, 'other'), 'mine');
  symlinkSync(join(folder, 'other'), path);
  await assert.rejects(stageFile(path, 'text'), /the old one is untouched: EEXIST/);
  assert.equal(readFileSync(path, 'utf8'), 'mine');
  await assert.rejects(stageFile(join(folder, 'none', 'x'), 'text'), /ENOENT/);
});
