import { execFileSync, spawnSync } from 'node:child_process';
import type { TestContext } from 'node:test';

export const canMount = process.getuid?.() === 0;

/** Gives what mounts something on a folder, as mount(8) takes it. Call it before the folder's test has hooks of its own:
 * what is mounted must be gone before the folder is. */
export function mounter(t: TestContext): (folder: string, ...args: string[]) => void {
  const mounted: string[] = [];
  t.after(() => {
    // A test may have done so; the folder of one that is still mounted cannot be removed.
    for (const folder of mounted.toReversed()) spawnSync('umount', ['-l', folder]);
  });
  return (folder, ...args) => {
    execFileSync('mount', [...args, folder]);
    mounted.push(folder);
  };
}
