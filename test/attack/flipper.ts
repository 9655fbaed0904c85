/** As a member of the group: puts a symlink to a canary in the place of a name and takes it away, as fast as it can, until
 * there is a file `stop`. Prints how often it did. Arguments: the name, the canary, the file `stop`. */
import { existsSync, renameSync, symlinkSync } from 'node:fs';
import { becomeMember } from '../support/member.ts';

const [name, canary, stop] = process.argv.slice(2) as [string, string, string];
becomeMember();

const link = `${name}.link`;
symlinkSync(canary, link);

/** Some microseconds, the same with the link as without it. */
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
