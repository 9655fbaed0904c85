import { execFileSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { undoLater } from './undo.ts';

/** Makes the contents of a directory impossible to remove, even for root: with the immutable flag if the file system
 * has it, or (for an ordinary user) with a directory without write permission. Returns a function that undoes it. */
export function makeUndeletable(t: TestContext, folder: string): () => void {
  const root = process.getuid?.() === 0;
  let done = false;
  const undo = () => {
    if (done) return;
    done = true;
    if (root) execFileSync('chattr', ['-i', folder]);
    else chmodSync(folder, 0o700);
  };
  if (root) execFileSync('chattr', ['+i', folder]);
  else chmodSync(folder, 0o500);
  undoLater(t, undo);
  return undo;
}
