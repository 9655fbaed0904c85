import assert from 'node:assert/strict';
import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { changes, snapshotOf } from '../fuzz/snapshot.ts';
import { startDaemon, type TestDaemon } from '../support/daemon.ts';
import { testFolder } from '../support/folder.ts';
import { type Arena, arenaIn, prepareArena, scriptsOf, startSwapping } from './arena.ts';

const DELETIONS = 1_000;
const CLEANUPS = 100;
const CLIENTS = 16;
/** Milliseconds. It usually takes less than one second. */
const LONGEST = 40_000;

/** Half of the names are in the swapped directory, half are one directory deeper. */
const NAMES = Array.from({ length: DELETIONS + CLEANUPS * 2 }, (_, index) =>
  index % 2 === 0 ? `b${index}` : join('inner', `b${index}`),
);

test('deletions are not redirected by a parent directory that is swapped with a symlink thousands of times per second', async (t) => {
  const run = scriptsOf(t);
  const daemon = await startDaemon(t, { arrange: ({ folder }) => void prepareArena(folder, NAMES) });
  const arena = arenaIn(daemon.at.folder);
  const before = snapshotOf(arena.canary);
  const swapping = await startSwapping(run, arena);
  const refused = await deleteAll(daemon, arena);
  const rows = await daemon.settled();
  const swaps = await swapping.stop();

  assert.deepEqual(changes(before, snapshotOf(arena.canary)).slice(0, 5), []);
  assert.equal(rows.length, DELETIONS + CLEANUPS);
  for (const { status, error, command } of rows) {
    assert.ok(status === 'success' || (status === 'failed' && error), command);
  }
  const misled = rows.filter(({ error }) => error?.includes('not where the path says')).length;
  const left = NAMES.filter((name) => lstatSync(join(arena.shared, name), { throwIfNoEntry: false })).length;
  t.diagnostic(
    `${swaps} swaps; the symlink was met ${refused} times by the look at a request, ${misled} times later;`,
  );
  t.diagnostic(`${NAMES.length - left} of ${NAMES.length} removed`);
  assert.ok(swaps > DELETIONS, `only ${swaps} swaps`);
  assert.ok(misled > DELETIONS / 100, `only ${misled} ran into a swap`);
  assert.ok(left < NAMES.length, 'some were removed');
});

test('checked-rm.ts is redirected by the same swaps, which shows that the attack works', async (t) => {
  const run = scriptsOf(t);
  const arena = prepareArena(testFolder(t), NAMES);
  const swapping = await startSwapping(run, arena);
  const { root, shared, canary } = arena;
  const started = performance.now();
  const tries = await run(arena, 'checked-rm.ts', [String(LONGEST), root, shared, canary, ...NAMES]);
  const time = Math.round(performance.now() - started);
  t.diagnostic(`fell at deletion ${tries}, after ${time} ms and ${await swapping.stop()} swaps`);
  assert.ok(tries > 0, `the canary is untouched after ${LONGEST} ms`);
});

/** Sends all requests, several at once, and repeats each until it is accepted. Returns the number of refusals because
 * of the symlink. */
async function deleteAll(daemon: TestDaemon, { shared }: Arena): Promise<number> {
  const paths = NAMES.map((name) => join(shared, name));
  const cleanups = Array.from({ length: CLEANUPS }, (_, index) => ({
    cmd: 'cleanup_backups',
    args: { backup_ids: null, folders: paths.slice(DELETIONS + index * 2, DELETIONS + index * 2 + 2) },
  }));
  const deletions = paths.slice(0, DELETIONS).map((path) => ({ cmd: 'delete_directory', args: { path } }));
  const requests: unknown[] = [...cleanups, ...deletions];
  let refused = 0;
  const client = async () => {
    for (let request = requests.pop(); request !== undefined; ) {
      const { code, message } = await daemon.ask(request);
      if (code === 202) request = requests.pop();
      else if (code === 403) refused++;
      else assert.ok(code === 503 || code === 429, message);
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  return refused;
}
