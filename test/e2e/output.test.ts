import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { startDaemon, type TestDaemon } from '../support/daemon.ts';
import { makeUndeletable } from '../support/undeletable.ts';

const LIMIT = 2_000;
const FILES = 500;

/** Deletes directories in one command. Each one in `files` first gets that many files that rm cannot delete: rm prints a
 * message for each. Returns the row's error. */
async function failure(
  t: TestContext,
  daemon: TestDaemon,
  folders: readonly string[],
  files: Readonly<Record<string, number>>,
): Promise<string> {
  for (const folder of folders) mkdirSync(dirname(folder), { recursive: true });
  const releases = Object.entries(files).map(([folder, count]) => {
    mkdirSync(folder);
    for (let i = 0; i < count; i++) writeFileSync(join(folder, `file-${100 + i}`), '');
    return makeUndeletable(t, folder);
  });
  try {
    const row = await daemon.carryOut('cleanup_backups', { backup_ids: [], folders });
    assert.deepEqual([row.status, row.return_code, row.output], ['failed', 1, null]);
    return row.error as string;
  } finally {
    // This must precede the removal of the test directory.
    for (const release of releases) release();
  }
}

/** Asserts that `error` keeps both ends of output far above the limit, in whole lines with real paths. */
function assertAbridged(error: string, first: string, last: string): void {
  const [head = '', bytes, tail = ''] = error.split(/\n… (\d+) bytes left out …\n/);
  assert.ok(bytes !== undefined, 'a note of what was left out');
  // The lines at the cut are incomplete.
  const lines = [...head.split('\n').slice(0, -1), ...tail.trimEnd().split('\n').slice(1)];
  assert.ok(lines.length > 10, `${lines.length} lines`);
  assert.equal(lines[0]?.includes(`rm: cannot remove '${first}': `), true, lines[0]);
  assert.equal(lines.at(-1)?.includes(`rm: cannot remove '${last}': `), true, lines.at(-1));
  assert.doesNotMatch(lines.join('\n'), /\/proc\//);
  // A real path may be longer than the path that rm printed, and the note adds its own length.
  assert.ok(Buffer.byteLength(error) <= 2 * LIMIT, `${Buffer.byteLength(error)} bytes`);
}

const leftOut = (error: string) => Number(/^… (\d+) bytes left out …$/m.exec(error)?.[1]);

test('row keeps the first and the last of endless messages, with real paths, and tells how much is left out', async (t) => {
  const daemon = await startDaemon(t, { config: { max_output_bytes: LIMIT } });
  const path = (name: string) => join(daemon.at.backups, name);
  const files = { [path('first')]: 1, [path('many')]: FILES, [path('last')]: 1 };
  const error = await failure(t, daemon, Object.keys(files), files);
  assertAbridged(error, path('first/file-100'), path('last/file-100'));
  assert.ok(leftOut(error) > FILES * 50 - LIMIT, `a note of ${leftOut(error)} bytes`);
});

test('row keeps the first and the last messages of a deletion that takes several runs of rm', async (t) => {
  const daemon = await startDaemon(t, { config: { max_output_bytes: LIMIT } });
  const path = (name: string) => join(daemon.at.backups, name);
  const names = ['a/first', 'a/many', 'z/many', 'z/last'];
  const [first, many, manyMore, last] = names.map(path) as [string, string, string, string];
  const files = { [first]: 1, [many]: FILES, [manyMore]: FILES, [last]: 1 };
  // These are more parents than one rm takes, so the second rm deletes what is in the last one.
  const between = Array.from({ length: 70 }, (_, i) => path(`parent-${i}/gone`));
  const error = await failure(t, daemon, [first, many, ...between, manyMore, last], files);
  assertAbridged(error, join(first, 'file-100'), join(last, 'file-100'));
  assert.ok(leftOut(error) > 2 * FILES * 50 - LIMIT, `a note of ${leftOut(error)} bytes`);
});
