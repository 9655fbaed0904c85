import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { adminSocket, look } from '../support/admin.ts';
import { startDaemon } from '../support/daemon.ts';
import { makeBackups } from '../support/folder.ts';
import { holdDeletion } from '../support/held-deletion.ts';

test('admission refuses a command at once when too many are pending, and records nothing of it', async (t) => {
  const daemon = await startDaemon(t, { config: { max_running: 1, max_pending: 2 } });
  const held = await holdDeletion(daemon, 'held');
  const before = daemon.rows().length;
  const paths = makeBackups(daemon.at.backups, 'b1', 'b2', 'b3') as [string, string, string];
  for (const path of paths.slice(0, 2)) assert.equal((await daemon.deletion(path)).code, 202);
  const { code, status, message } = await daemon.deletion(paths[2]);
  assert.deepEqual([code, status, message], [503, 'Service Unavailable', 'too many commands are waiting']);
  assert.equal(daemon.rows().length, before + 2);
  const { text } = await look(adminSocket(daemon), '/metrics');
  assert.match(text, /^dbcalm_cmd_refused_total\{command="delete_directory",reason="QUEUE_FULL"\} 1$/m);
  assert.equal(
    (await daemon.ask({ cmd: 'x' })).code,
    400,
    'who asks for nothing that runs is answered as ever',
  );

  held.release();
  const rows = await daemon.settled();
  assert.ok(rows.every(({ status: end }) => end === 'success'));
  assert.ok(existsSync(paths[2]));
  assert.equal((await daemon.carryOut('delete_directory', { path: paths[2] })).status, 'success');
});
