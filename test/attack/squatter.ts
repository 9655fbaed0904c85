/** As a member of the group: takes names with other files and frees them again, as fast as possible, until the file
 * `stop` exists. Prints how often it had a name. Arguments: the file `stop`, a canary, the names. */
import { existsSync, linkSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { becomeMember } from '../support/member.ts';

const [stop, canary, ...names] = process.argv.slice(2) as [string, string, ...string[]];
becomeMember();

const own = `${names[0]}.own`;
writeFileSync(own, '');

const deeds: readonly ((name: string) => void)[] = [
  (name) => symlinkSync(canary, name),
  (name) => symlinkSync(own, name),
  (name) => writeFileSync(name, '', { flag: 'wx' }),
  (name) => linkSync(own, name),
  (name) => mkdirSync(name),
];

let had = 0;
// A failed test leaves no `stop`, but removes the directory.
for (let turn = 0; !existsSync(stop) && existsSync(dirname(stop)); turn++) {
  for (const name of names) {
    try {
      (deeds[turn % deeds.length] as (typeof deeds)[number])(name);
      had++;
      // Now and then the file stays for a while.
      if (turn % 7 !== 0) rmSync(name, { recursive: true });
    } catch {
      // The name belongs to the daemon, or its file was moved aside.
      if (turn % 5 === 0) removeOwn(name);
    }
  }
}
console.log(had);

function removeOwn(name: string): void {
  try {
    rmSync(name, { recursive: true });
  } catch {
    // The file belongs to the daemon.
  }
}
