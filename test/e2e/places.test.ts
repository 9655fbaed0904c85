import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startDaemon, type TestDaemon } from '../support/daemon.ts';
import { makeBackups } from '../support/folder.ts';
import { holdDeletion } from '../support/held-deletion.ts';
import { canMount, mounter } from '../support/mount.ts';

async function assertForbidden(daemon: TestDaemon, path: string, why: RegExp): Promise<void> {
  const { code, status, message } = await daemon.deletion(path);
  assert.deepEqual([code, status], [403, 'Forbidden'], path);
  assert.match(message as string, why);
  assert.ok((message as string).includes(path.replace(/\/$/, '')), 'the path is named');
  assert.ok(
    (message as string).includes(`Allowed is what lies below ${daemon.at.backups}`),
    'and the roots are',
  );
}

test('deletion commands refuse a path through a symlink, wherever it leads, but delete the link itself', async (t) => {
  const daemon = await startDaemon(t);
  const { backups, folder } = daemon.at;
  const [outside] = makeBackups(folder, 'outside') as [string];
  makeBackups(backups, 'real');
  symlinkSync(outside, join(backups, 'out'));
  symlinkSync(join(backups, 'real'), join(backups, 'in'));
  symlinkSync('nowhere', join(backups, 'dangling'));
  for (const way of ['out/inner', 'in/inner', 'out/inner/', 'dangling/x']) {
    await assertForbidden(daemon, join(backups, way), /the folder above the path is not where the path says/);
  }
  const both = { backup_ids: [], folders: [join(backups, 'real'), join(backups, 'out', 'inner')] };
  assert.equal((await daemon.ask({ cmd: 'cleanup_backups', args: both })).code, 403);
  assert.deepEqual(daemon.rows(), [], 'one bad folder refuses the whole command');
  assert.ok(existsSync(join(backups, 'real', 'inner')));
  const row = await daemon.carryOut('delete_directory', { path: `${join(backups, 'out')}/` });
  assert.equal(row.status, 'success');
  assert.ok(!existsSync(join(backups, 'out')));
  assert.deepEqual(readdirSync(outside), ['inner']);
});

test('deletion root may be a symlink that the operator has chosen', async (t) => {
  const daemon = await startDaemon(t, {
    arrange: ({ folder }) => {
      mkdirSync(join(folder, 'disk'));
      symlinkSync(join(folder, 'disk'), join(folder, 'link'));
    },
    config: ({ folder }) => ({ deletion_roots: [join(folder, 'link')] }),
  });
  makeBackups(join(daemon.at.folder, 'disk'), 'b1');
  const row = await daemon.carryOut('delete_directory', { path: join(daemon.at.folder, 'link', 'b1') });
  assert.deepEqual([row.status, readdirSync(join(daemon.at.folder, 'disk'))], ['success', []]);
});

test('deletion root is never deleted, also if it is a symlink to a directory below another root', async (t) => {
  const daemon = await startDaemon(t, {
    arrange: ({ folder, backups }) => {
      makeBackups(backups, 'outer/disk');
      symlinkSync(join(backups, 'outer', 'disk'), join(folder, 'link'));
    },
    config: ({ folder, backups }) => ({ deletion_roots: [backups, join(folder, 'link')] }),
  });
  const outer = join(daemon.at.backups, 'outer');
  for (const path of [outer, join(outer, 'disk')])
    await assertForbidden(daemon, path, /a deletion root is there: .*\/link\b/);
  const row = await daemon.carryOut('delete_directory', { path: join(outer, 'disk', 'inner') });
  assert.deepEqual([row.status, readdirSync(join(outer, 'disk'))], ['success', []]);
});

test('deletion root that another user swaps with a symlink redirects nothing, before the 202 or after it', async (t) => {
  const daemon = await startDaemon(t, {
    arrange: ({ folder }) => {
      makeBackups(folder, 'lib/tmp', 'canary/victim');
      chmodSync(join(folder, 'lib'), 0o2770);
    },
    config: ({ folder, backups }) => ({
      deletion_roots: [backups, join(folder, 'lib', 'tmp')],
      unsafe_deletion_roots: [join(folder, 'lib', 'tmp')],
      max_running: 1,
    }),
  });
  const { folder } = daemon.at;
  const root = join(folder, 'lib', 'tmp');
  makeBackups(root, 'victim');
  const held = await holdDeletion(daemon, 'held');
  const { id } = await daemon.deletion(join(root, 'victim', 'inner'));
  renameSync(root, `${root}.away`);
  symlinkSync(join(folder, 'canary'), root);
  await assertForbidden(daemon, join(root, 'victim'), /lib\/tmp is a symlink that others can put there/);
  held.release();
  const row = await daemon.ended(id as string);
  assert.equal(row.status, 'failed');
  assert.match(row.error as string, /lib\/tmp is a symlink that others can put there/);
  assert.deepEqual(readdirSync(join(folder, 'canary', 'victim')), ['inner']);
});

test('`delete_directory` refuses a mount point and each directory above it, also for a bind mount of the same disk', {
  skip: !canMount && 'mounts',
}, async (t) => {
  const mount = mounter(t);
  const daemon = await startDaemon(t, {
    arrange: ({ backups, folder }) => {
      const [tmpfs, bound, kept] = ['b1/disk', 'b2/bound', '../kept'].map((name) => join(backups, name));
      for (const made of [tmpfs, bound, kept]) mkdirSync(made as string, { recursive: true });
      writeFileSync(join(folder, 'kept', 'file'), '');
      mount(tmpfs as string, '-t', 'tmpfs', 'tmpfs');
      mount(bound as string, '--bind', kept as string);
    },
  });
  const { backups, folder } = daemon.at;
  await assertForbidden(
    daemon,
    join(backups, 'b1', 'disk'),
    /a file system is mounted there: .*is a mount point/,
  );
  await assertForbidden(daemon, join(backups, 'b2', 'bound'), /is a mount point/);
  await assertForbidden(daemon, join(backups, 'b1'), /a file system is mounted there: below/);
  await assertForbidden(daemon, join(backups, 'b2'), /a file system is mounted there: below/);
  assert.deepEqual(readdirSync(join(folder, 'kept')), ['file']);
  assert.deepEqual(daemon.rows(), []);
});

test('`delete_directory` refuses the files of the daemon and each directory that holds them', async (t) => {
  const daemon = await startDaemon(t, { config: ({ folder }) => ({ deletion_roots: [folder] }) });
  const { folder, database, socket } = daemon.at;
  const logs = [daemon.at.log, join(folder, 'log', 'cmd-audit.log')];
  for (const path of [database, `${database}-wal`, socket, ...logs, daemon.at.cronFile]) {
    const { code, message } = await daemon.deletion(path);
    assert.equal(code, 403);
    assert.match(message as string, /the daemon keeps .* there/);
  }
  assert.equal((await daemon.deletion(join(folder, 'lib'))).code, 403);
});
