/** Swaps the directory `shared` with a symlink to `canary`, as fast as possible, until the file `stop` exists. Prints
 * the number of swaps. Arguments: the directory that holds `shared`, the canary, the file `stop`. */
import { existsSync, renameSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

const [folder, canary, stop] = process.argv.slice(2) as [string, string, string];
const shared = join(folder, 'shared');
const aside = join(folder, 'aside');
const link = join(folder, 'link');

/** Waits some microseconds, as long as the renames take. During the renames neither exists, so nothing can be
 * redirected. */
function linger(): boolean {
  let stopped = false;
  for (let looks = 0; looks < 5 && !stopped; looks++) stopped = existsSync(stop);
  return stopped;
}

symlinkSync(canary, link);
let swaps = 0;
for (; !linger(); swaps++) {
  renameSync(shared, aside);
  renameSync(link, shared);
  linger();
  renameSync(shared, link);
  renameSync(aside, shared);
}
console.log(swaps);
