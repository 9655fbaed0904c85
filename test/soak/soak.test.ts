import assert from 'node:assert/strict';
import { test } from 'node:test';
import { prepare } from '../support/daemon.ts';
import { testFolder } from '../support/folder.ts';
import { type Inside, launchObserved } from '../support/observed-daemon.ts';
import { FLAT, growth, runSoak } from './run-soak.ts';

const flatOf = (inside: Inside) => Object.fromEntries(FLAT.map((figure) => [figure, inside[figure]]));

test('idle daemon sets no timer', async (t) => {
  let kill = async () => {};
  t.after(() => kill());
  const { daemon, lookAtRest } = await launchObserved(prepare(testFolder(t)));
  kill = () => daemon.kill();
  assert.equal((await lookAtRest()).timers, 0);
  await daemon.carryOut('cleanup_backups', { backup_ids: null, folders: null });
});

test('daemon at rest after 600 requests of all kinds has no more actors, files and timers than before', async (t) => {
  const soak = await runSoak(600, testFolder(t));
  assert.equal(soak.idle.timers, 0);
  assert.deepEqual(flatOf(soak.early), flatOf(soak.idle));
  assert.deepEqual(flatOf(soak.end), flatOf(soak.idle));
  assert.deepEqual(growth(soak), []);
  for (const code of ['202', '400', '403', 'none']) assert.ok((soak.replies[code] ?? 0) > 10, code);
});
