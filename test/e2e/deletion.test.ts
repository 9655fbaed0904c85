import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startDaemon } from '../support/daemon.ts';
import { makeBackups, testFolder } from '../support/folder.ts';
import { holdDeletion } from '../support/held-deletion.ts';

test('`delete_directory` takes slashes, option-like and unusual names literally and deletes nothing else', async (t) => {
  const daemon = await startDaemon(t);
  const names = ['-rf', '--help', '-v', ' ', '*', '$(touch x)', '; ls', "'", '"', '\\', 'ü', 'a b', '...'];
  const paths = makeBackups(daemon.at.backups, ...names);
  makeBackups(daemon.at.backups, 'kept');
  for (const path of paths) {
    const row = await daemon.carryOut('delete_directory', { path });
    assert.deepEqual([row.status, row.output, row.error], ['success', null, null], path);
    assert.equal(row.command, `/bin/rm -rf ${path}`);
    assert.ok(!existsSync(path), path);
  }
  const [slashed] = makeBackups(daemon.at.backups, 'slashed') as [string];
  await daemon.carryOut('delete_directory', { path: `${slashed.replace('/slashed', '//./slashed')}///` });
  assert.deepEqual(readdirSync(daemon.at.backups), ['kept']);
});

test('`delete_directory` does not follow a path that becomes a symlink after the 202, but can delete the link itself', async (t) => {
  const daemon = await startDaemon(t, { config: { max_running: 1 } });
  const { folder, backups } = daemon.at;
  const canary = join(folder, 'canary');
  mkdirSync(join(canary, 'inner'), { recursive: true });
  writeFileSync(join(canary, 'inner', 'file'), '');
  const held = await holdDeletion(daemon, 'held');
  const [path] = makeBackups(backups, 'b1') as [string];
  const { id } = await daemon.deletion(join(path, 'inner'));
  renameSync(path, join(backups, 'aside'));
  symlinkSync(canary, path);
  held.release();

  const row = await daemon.ended(id as string);
  assert.deepEqual([row.status, row.return_code], ['failed', -1]);
  assert.match(
    row.error as string,
    /not where the path says.*What to do: no component of a path may be a symlink/,
  );
  assert.equal((await daemon.carryOut('delete_directory', { path: `${path}/` })).status, 'success');
  assert.deepEqual(readdirSync(backups), ['aside']);
  assert.deepEqual(readdirSync(join(canary, 'inner')), ['file']);
});

test('deletion root may be reached through a symlink', async (t) => {
  const folder = testFolder(t);
  mkdirSync(join(folder, 'real', 'b1'), { recursive: true });
  symlinkSync(join(folder, 'real'), join(folder, 'root'));
  const daemon = await startDaemon(t, { folder, config: { deletion_roots: [join(folder, 'root')] } });
  const row = await daemon.carryOut('delete_directory', { path: join(folder, 'root', 'b1') });
  assert.equal(row.status, 'success');
  assert.deepEqual(readdirSync(join(folder, 'real')), []);
});

test('slow deletion does not delay another one, but a command with an overlapping path waits', async (t) => {
  const daemon = await startDaemon(t);
  const slow = await holdDeletion(daemon, 'slow');
  const inside = await daemon.deletion(join(slow.path, '1'));
  const above = await daemon.ask({ cmd: 'cleanup_backups', args: { backup_ids: [], folders: [slow.path] } });
  const quick = await daemon.carryOut('delete_directory', { path: join(daemon.at.backups, 'quick') });
  assert.equal(quick.status, 'success');
  const states = (id: string | undefined) => daemon.transitions(id as string).map(({ to_state }) => to_state);
  assert.deepEqual(states(slow.commandId), ['pending', 'running']);
  assert.deepEqual(states(inside.id), ['pending']);
  assert.deepEqual(states(above.id), ['pending']);
  slow.release();
  for (const id of [slow.commandId, inside.id as string, above.id as string]) {
    assert.equal((await daemon.ended(id)).status, 'success');
  }
});

test('process row has the pid of the child and the status running while the child runs', async (t) => {
  const daemon = await startDaemon(t);
  const slow = await holdDeletion(daemon, 'slow');
  const row = daemon.rows().at(-1);
  assert.deepEqual(
    [row?.pid, row?.status, row?.return_code, row?.end_time, row?.output, row?.error],
    [slow.pid, 'running', null, null, null, null],
  );
  const environment = readFileSync(`/proc/${slow.pid}/environ`, 'utf8').split('\0').filter(Boolean);
  const names = environment.map((entry) => entry.split('=')[0] as string);
  // Node itself passes this variable on while it measures coverage.
  assert.deepEqual(names.filter((name) => name !== 'NODE_V8_COVERAGE').sort(), ['LANG', 'PATH']);
  slow.release();
  await daemon.ended(slow.commandId);
});

test('process fails and names the signal when a signal ends its child', async (t) => {
  const daemon = await startDaemon(t);
  const slow = await holdDeletion(daemon, 'slow');
  process.kill(slow.pid, 'SIGKILL');
  const row = await daemon.ended(slow.commandId);
  assert.deepEqual([row.status, row.return_code, row.error], ['failed', 137, 'killed by SIGKILL\n']);
});
