import assert from 'node:assert/strict';
import { chmodSync, chownSync, lchownSync, mkdirSync, renameSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { rootPlace } from '../../../src/io/fs/trusted-path.ts';
import { makeBackups, testFolder } from '../../support/folder.ts';

const isRoot = process.getuid?.() === 0;
const REFUSED = /not where the path says: .*\/link is a symlink that others can put there/;

test('`rootPlace` follows a symlink in a directory that only the daemon can write to', (t) => {
  const folder = testFolder(t);
  makeBackups(folder, 'disk/root', 'above/below');
  symlinkSync(join(folder, 'disk'), join(folder, 'absolute'));
  symlinkSync('../disk/root', join(folder, 'above', 'relative'));
  symlinkSync('absolute', join(folder, 'twice'));
  symlinkSync('above/below/../relative/..', join(folder, 'back'));
  assert.equal(rootPlace(join(folder, 'disk', 'root')), join(folder, 'disk', 'root'));
  assert.equal(rootPlace(join(folder, 'absolute', 'root')), join(folder, 'disk', 'root'));
  assert.equal(rootPlace(join(folder, 'above', 'relative')), join(folder, 'disk', 'root'));
  assert.equal(rootPlace(join(folder, 'twice', 'root')), join(folder, 'disk', 'root'));
  assert.equal(rootPlace(join(folder, 'back')), join(folder, 'disk'));
  symlinkSync('circle', join(folder, 'circle'));
  assert.throws(() => rootPlace(join(folder, 'circle', 'x')), /leads in a circle/);
  assert.throws(() => rootPlace(join(folder, 'none', 'x')), { code: 'ENOENT' });
});

for (const mode of [0o770, 0o2770, 0o1770, 0o757, 0o1777]) {
  test(`\`rootPlace\` refuses a symlink in a directory of mode ${mode.toString(8)}, and accepts a directory there`, (t) => {
    const folder = testFolder(t);
    makeBackups(folder, 'shared/root', 'elsewhere');
    symlinkSync(join(folder, 'elsewhere'), join(folder, 'shared', 'link'));
    chmodSync(join(folder, 'shared'), mode);
    assert.throws(() => rootPlace(join(folder, 'shared', 'link')), REFUSED);
    assert.throws(() => rootPlace(join(folder, 'shared', 'link', 'inner')), REFUSED);
    assert.equal(rootPlace(join(folder, 'shared', 'root')), join(folder, 'shared', 'root'));
  });
}

test('`rootPlace` refuses a symlink in an own directory that others can move', (t) => {
  const folder = testFolder(t);
  makeBackups(folder, 'shared/closed', 'elsewhere');
  symlinkSync(join(folder, 'elsewhere'), join(folder, 'shared', 'closed', 'link'));
  const place = () => rootPlace(join(folder, 'shared', 'closed', 'link'));
  assert.equal(place(), join(folder, 'elsewhere'));
  chmodSync(join(folder, 'shared'), 0o770);
  assert.throws(place, REFUSED);
  chmodSync(join(folder, 'shared'), 0o1770);
  assert.equal(place(), join(folder, 'elsewhere'), 'where the folder is sticky they cannot');
});

test('`rootPlace` refuses a symlink of another user, and one in a directory of another user', {
  skip: !isRoot && 'gives files away',
}, (t) => {
  const folder = testFolder(t);
  makeBackups(folder, 'theirs/root', 'elsewhere');
  symlinkSync(join(folder, 'elsewhere'), join(folder, 'link'));
  lchownSync(join(folder, 'link'), 12345, 0);
  assert.throws(() => rootPlace(join(folder, 'link')), REFUSED);
  chownSync(join(folder, 'theirs'), 12345, 0);
  assert.equal(rootPlace(join(folder, 'theirs', 'root')), join(folder, 'theirs', 'root'));
  mkdirSync(join(folder, 'theirs', 'root', 'deeper'));
  symlinkSync(join(folder, 'elsewhere'), join(folder, 'theirs', 'root', 'deeper', 'link'));
  assert.throws(() => rootPlace(join(folder, 'theirs', 'root', 'deeper', 'link')), REFUSED);
  renameSync(join(folder, 'theirs', 'root', 'deeper', 'link'), join(folder, 'theirs', 'link'));
  assert.throws(() => rootPlace(join(folder, 'theirs', 'link')), REFUSED);
});
