/** The cron floor: writes, syncs and renames a file over another, and syncs the directory, in a loop. Arguments: the
 * directory, the number of files, and how to rename: `rename` in the loop itself, or `mv` in a child each. Prints the
 * files per second. */
import { spawnSync } from 'node:child_process';
import { closeSync, fsyncSync, openSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [folder, count, renamer] = process.argv.slice(2) as [string, string, string];

/** About the size of the cron file of five schedules. */
const CONTENT = 'x'.repeat(950);
const target = join(folder, 'dbcalm');

function sync(path: string): void {
  const file = openSync(path, 'r');
  fsyncSync(file);
  closeSync(file);
}

function replace(number: number): void {
  const staged = join(folder, `.dbcalm.${number}`);
  writeFileSync(staged, CONTENT, { flag: 'wx', flush: true });
  if (renamer === 'rename') renameSync(staged, target);
  else spawnSync('/bin/mv', ['-fT', '--', staged, target], { env: {}, stdio: 'ignore' });
  sync(folder);
}

const begun = performance.now();
for (let i = 0; i < Number(count); i++) replace(i);
console.log((Number(count) / (performance.now() - begun)) * 1_000);
