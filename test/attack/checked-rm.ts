/** The counterexample: checks where the parent of each path really is, then lets `rm` resolve the path again. Ends at
 * the first deletion that damages the canary and prints the number of deletions until then, or 0 if the time is over.
 * Arguments: the time (ms), the root that nothing may be deleted outside of, the shared directory, the canary, the
 * names. */
import { execFileSync } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

const [time, root, shared, canary, ...names] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  ...string[],
];

console.log(triesUntilFall());

function triesUntilFall(): number {
  const end = performance.now() + Number(time);
  for (let tries = 0; performance.now() < end; tries++) {
    const name = names[tries % names.length] as string;
    removeChecked(join(shared, name));
    if (!existsSync(join(canary, name, 'file'))) return tries + 1;
  }
  return 0;
}

function removeChecked(path: string): void {
  try {
    if (!realpathSync(dirname(path)).startsWith(`${root}/`)) return;
    execFileSync('/bin/rm', ['-rf', path], { stdio: 'ignore' });
  } catch {
    // The directory was being swapped; the next attempt may succeed.
  }
}
