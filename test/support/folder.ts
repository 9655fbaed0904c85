import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { undoLater } from './undo.ts';

/** A folder of the test's own, gone when it ends. */
export function testFolder(t: TestContext, prefix = 'dbcalm-cmd-test-'): string {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), prefix));
  undoLater(t, () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Makes `names` as folders with a file in each; gives their paths. */
export function makeBackups(root: string, ...names: string[]): string[] {
  return names.map((name) => {
    const path = join(root, name);
    mkdirSync(join(path, 'inner'), { recursive: true });
    return path;
  });
}
