import { execFileSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { undoLater } from './undo.ts';

/** Makes what is inside `folder` impossible to remove, even for root: the immutable flag where there is one, else
 * (for an ordinary user) a folder without write permission. Returns how to undo it. */
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
