import assert from 'node:assert/strict';
import { closeSync, openSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { emptySize, TreeSizes } from '../../src/io/fs/tree-sizes.ts';
import { testFolder } from '../support/folder.ts';
import { prepareArena, scriptsOf, startSwapping } from './arena.ts';

const NAMES = ['a', 'b', join('c', 'inner')];
const HUGE = 1_000_000_000;
const LOOKS = 2_000;

test('`TreeSizes` adds nothing from elsewhere when a directory is swapped with a symlink while it is measured', async (t) => {
  const run = scriptsOf(t);
  const arena = prepareArena(testFolder(t), NAMES);
  for (const name of NAMES) truncateSync(join(arena.canary, name, 'file'), HUGE);
  const root = openSync(arena.root, 'r');
  t.after(() => closeSync(root));
  const swapping = await startSwapping(run, arena);
  let found = 0;
  let whole = 0;
  for (let looks = 0; looks < LOOKS; looks++) {
    const signal = AbortSignal.timeout(60_000);
    const size = emptySize();
    if (await new TreeSizes({ maxEntries: 1_000, signal }).add(root, 'shared', size)) found++;
    assert.ok(size.apparentBytes < HUGE, `it was led out, at look ${looks}`);
    if (size.entries > NAMES.length) whole++;
  }
  const swaps = await swapping.stop();
  t.diagnostic(`${swaps} swaps; of ${LOOKS} looks ${found} found something, ${whole} the folder`);
  assert.ok(swaps > LOOKS / 10, `only ${swaps} swaps`);
  assert.ok(whole > 0 && whole < LOOKS, 'the folder was there for some of the time');
});
