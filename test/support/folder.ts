import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { undoLater } from './undo.ts';

/** Creates a directory for the test, which is removed when the test ends. */
export function testFolder(t: TestContext, prefix = 'dbcalm-cmd-test-'): string {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), prefix));
  undoLater(t, () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Creates `names` as directories with a file in each, and returns their paths. */
export function makeBackups(root: string, ...names: string[]): string[] {
  return names.map((name) => {
    const path = join(root, name);
    mkdirSync(join(path, 'inner'), { recursive: true });
    return path;
  });
}
