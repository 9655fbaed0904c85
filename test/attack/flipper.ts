/** As a member of the group: replaces a name with a symlink to a canary and removes it again, as fast as possible,
 * until the file `stop` exists. Prints the number of swaps. Arguments: the name, the canary, the file `stop`. */
import { existsSync, renameSync, symlinkSync } from 'node:fs';
import { becomeMember } from '../support/member.ts';

const [name, canary, stop] = process.argv.slice(2) as [string, string, string];
becomeMember();

const link = `${name}.link`;
symlinkSync(canary, link);

/** Waits some microseconds, equally long with the link and without it. */
function linger(): boolean {
  let stopped = false;
  for (let looks = 0; looks < 20 && !stopped; looks++) stopped = existsSync(stop);
  return stopped;
}

let flips = 0;
for (; !linger(); flips++) {
  try {
    renameSync(link, name);
  } catch {
    // A directory was made there.
    renameSync(name, `${name}.${flips}`);
    continue;
  }
  linger();
  renameSync(name, link);
}
console.log(flips);
