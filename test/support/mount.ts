import { execFileSync, spawnSync } from 'node:child_process';
import type { TestContext } from 'node:test';

export const canMount = process.getuid?.() === 0;

/** Returns a function that mounts on a directory, with the arguments of mount(8). Call it before the directory is
 * made: the mounts must be removed before the directory is. */
export function mounter(t: TestContext): (folder: string, ...args: string[]) => void {
  const mounted: string[] = [];
  t.after(() => {
    // The test may have unmounted it. A directory that is still mounted cannot be removed.
    for (const folder of mounted.toReversed()) spawnSync('umount', ['-l', folder]);
  });
  return (folder, ...args) => {
    execFileSync('mount', [...args, folder]);
    mounted.push(folder);
  };
}
