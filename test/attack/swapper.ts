/** Swaps the folder `shared` with a symlink to `canary`, as fast as it can, until there is a file `stop`. Prints how
 * often it did. Arguments: the folder that holds `shared`, the canary, the file `stop`. */
import { existsSync, renameSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

const [folder, canary, stop] = process.argv.slice(2) as [string, string, string];
const shared = join(folder, 'shared');
const aside = join(folder, 'aside');
const link = join(folder, 'link');

/** Some microseconds: as long as the renames take, for which neither stands there and nobody is misled. */
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
