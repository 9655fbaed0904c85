/** npm run attack -- --minutes N --seed S */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runHostileMember } from './hostile-member.ts';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '30' }, seed: { type: 'string', default: '1' } },
});
const number = (name: 'minutes' | 'seed'): number => {
  if (/^\d{1,9}$/.test(values[name])) return Number(values[name]);
  throw new Error(`--${name} must be a whole number, not ${values[name]}`);
};

const folder = mkdtempSync(join(realpathSync(tmpdir()), 'dbcalm-cmd-attack-'));
const figures = await runHostileMember({
  lastsMs: number('minutes') * 60_000,
  seed: number('seed'),
  folder,
  complain: (complaint) => console.error(complaint),
});
console.log(JSON.stringify(figures));
if (figures.flaws > 0) {
  console.error(`the directory is kept: ${folder}`);
  process.exitCode = 1;
} else rmSync(folder, { recursive: true });
