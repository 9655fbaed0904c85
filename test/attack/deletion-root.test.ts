import assert from 'node:assert/strict';
import { chmodSync, chownSync, existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type StartOptions, startDaemon, type TestDaemon } from '../support/daemon.ts';
import { makeBackups } from '../support/folder.ts';
import { holdDeletion } from '../support/held-deletion.ts';
import { asMember, MEMBER, noMember } from '../support/member.ts';

const skip = noMember();

/** A root below a directory that the group can write to, and next to it a directory that only root can enter. `mode`: of the
 * directory above them. */
async function started(t: TestContext, mode: number, config: Record<string, unknown> = {}) {
  const options: StartOptions = {
    config: ({ folder, backups }) => ({
      deletion_roots: [backups, join(folder, 'shared', 'root')],
      max_running: 1,
      ...config,
    }),
    arrange: ({ folder }) => {
      makeBackups(folder, 'shared/root/b1', 'shared/private/b1');
      chmodSync(folder, 0o755);
      chmodSync(join(folder, 'shared', 'private'), 0o700);
      chownSync(join(folder, 'shared'), 0, MEMBER.gid);
      chmodSync(join(folder, 'shared'), mode);
    },
  };
  const daemon = await startDaemon(t, options);
  const shared = join(daemon.at.folder, 'shared');
  return { daemon, root: join(shared, 'root'), canary: join(shared, 'private', 'b1', 'inner') };
}

/** Puts the directory that only root can enter in place of the root. */
function exchange({ at: { folder } }: TestDaemon): boolean {
  const shared = join(folder, 'shared');
  const moves = `mv ${shared}/root ${shared}/away && mv ${shared}/private ${shared}/root`;
  return asMember(folder, '/bin/sh', '-c', moves).status === 0;
}

test('nothing is deleted from a directory that a member of the group renames into the place of a root', {
  skip,
}, async (t) => {
  const { daemon, root } = await started(t, 0o2770);
  assert.ok(exchange(daemon), 'the attack bites: the directory is in the place of the root');
  const { code, message } = await daemon.deletion(join(root, 'b1'));
  assert.equal(code, 403);
  assert.match(
    message as string,
    /cannot delete below a root that others can exchange: .*shared has mode 2770/,
  );
  assert.ok(existsSync(join(root, 'b1', 'inner')));
  const { remedy } = await daemon.logged('the warning', (line) => line.code === 'ROOT_UNTRUSTED');
  assert.match(remedy as string, /chown root, chmod go-w.*unsafe_deletion_roots/);
});

test('deletions below a root fail where its directory is opened to the group after the 202', {
  skip,
}, async (t) => {
  const { daemon, root } = await started(t, 0o755);
  const held = await holdDeletion(daemon, 'held');
  const { id } = await daemon.deletion(join(root, 'b1'));
  chmodSync(join(daemon.at.folder, 'shared'), 0o2770);
  assert.ok(exchange(daemon));
  held.release();
  const row = await daemon.ended(id as string);
  assert.deepEqual([row.status, existsSync(join(root, 'b1', 'inner'))], ['failed', true]);
  assert.match(row.error as string, /a root that others can exchange/);
});

test('deletions below a root in a sticky directory are carried out, and no member can move the root', {
  skip,
}, async (t) => {
  const { daemon, root, canary } = await started(t, 0o3770);
  assert.ok(!exchange(daemon));
  const { status } = await daemon.carryOut('delete_directory', { path: join(root, 'b1') });
  assert.deepEqual([status, existsSync(join(root, 'b1')), existsSync(canary)], ['success', false, true]);
});

test('deletions below a root of another user are refused; the other roots and cron updates go on', {
  skip,
}, async (t) => {
  const { daemon, root } = await started(t, 0o755);
  chownSync(root, MEMBER.uid, MEMBER.gid);
  const { code, message } = await daemon.deletion(join(root, 'b1'));
  assert.equal(code, 403);
  assert.match(message as string, new RegExp(`shared/root belongs to uid ${MEMBER.uid}`));
  mkdirSync(join(daemon.at.backups, 'b2'));
  const other = await daemon.carryOut('delete_directory', { path: join(daemon.at.backups, 'b2') });
  const update = await daemon.carryOut('update_cron_schedules', { schedules: [] });
  assert.deepEqual([other.status, update.status], ['success', 'success']);
});

test('unsafe_deletion_roots lets the daemon delete below a root that others can exchange', {
  skip,
}, async (t) => {
  const { daemon, root } = await started(t, 0o2770);
  await daemon.stop();
  const next = await startDaemon(t, {
    folder: daemon.at.folder,
    config: { deletion_roots: [root], unsafe_deletion_roots: [root] },
  });
  renameSync(root, `${root}.away`);
  makeBackups(root, 'b1');
  chownSync(root, MEMBER.uid, MEMBER.gid);
  const { status } = await next.carryOut('delete_directory', { path: join(root, 'b1') });
  assert.deepEqual([status, existsSync(join(root, 'b1'))], ['success', false]);
});
