import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startDaemon } from '../support/daemon.ts';
import { holdDeletion } from '../support/held-deletion.ts';
import { RunningVerb, verb } from '../support/verb.ts';

test('`watch` prints each transition as it happens, and ends with the command', async (t) => {
  const daemon = await startDaemon(t);
  const held = await holdDeletion(daemon, 'big');
  const watch = new RunningVerb(t, daemon.at, 'watch', held.commandId);
  await watch.says(/pending → running/);
  assert.ok(!watch.stdout.includes('succeeded'));
  held.release();
  assert.equal(await watch.exited, 0);
  assert.match(
    watch.stdout,
    /running → succeeded .*\nsucceeded after .*, exit code 0: \/bin\/rm -rf .*\/big\n$/,
  );
  await daemon.stop();
  const again = verb(daemon.at, 'watch', held.commandId, '--json');
  const lines = again.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual([again.status, lines.length, lines[3].state], [0, 4, 'succeeded']);
  const unknown = verb(daemon.at, 'watch', 'nobody');
  assert.equal(unknown.status, 3);
  assert.match(unknown.stderr, /knows no command nobody\. What to do: dbcalm-cmd list/);
});

test('`watch` goes on after the daemon is killed and restarted', async (t) => {
  const daemon = await startDaemon(t);
  const { folder } = daemon.at;
  const held = await holdDeletion(daemon, 'big');
  const watch = new RunningVerb(t, daemon.at, 'watch', held.commandId, '--json');
  await watch.says(/"running"/);
  await daemon.kill();
  await startDaemon(t, { folder });
  await watch.says(/process\.recovered/);
  held.release();
  assert.equal(await watch.exited, 0, watch.stderr);
  assert.equal(watch.lines().at(-1)?.state, 'succeeded');
});

test('`tail` prints ends as they happen, also across a restart, and exits with 0 on Ctrl-C', async (t) => {
  const first = await startDaemon(t);
  const { folder, backups } = first.at;
  const before = await first.carryOut('delete_directory', { path: `${backups}/before` });
  const tail = new RunningVerb(t, first.at, 'tail', '--json');
  // tail reports only the processes that end after it has started to read.
  while (!tail.stdout.includes('\n')) await first.carryOut('delete_directory', { path: `${backups}/b` });
  const nothing = { cmd: 'cleanup_backups', args: { backup_ids: [], folders: null } };
  await Promise.all(Array.from({ length: 100 }, () => first.ask(nothing, { halfClose: true })));
  await first.settled();
  await first.stop();
  const second = await startDaemon(t, { folder });
  const { command_id } = await second.carryOut('cleanup_backups', { backup_ids: [], folders: null });
  await tail.says(new RegExp(`${command_id}.*\n`));
  tail.signal('SIGINT');
  assert.equal(await tail.exited, 0);
  const told = tail.lines().map((line) => line.command_id);
  assert.ok(!told.includes(before.command_id));
  // Each end is printed once.
  const known = second.rows().map((row) => row.command_id);
  const since = known.slice(known.indexOf(told[0] as string));
  assert.deepEqual(told.sort(), since.sort());
  assert.deepEqual(
    [tail.lines().at(-1)?.to_state, tail.lines().at(-1)?.type],
    ['succeeded', 'cleanup_backups'],
  );
});
