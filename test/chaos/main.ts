/** npm run chaos -- --kills N --seed S */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { hasFlaws, runChaos } from './run-chaos.ts';

const { values } = parseArgs({
  options: { kills: { type: 'string', default: '60' }, seed: { type: 'string', default: '1' } },
});
const number = (name: 'kills' | 'seed'): number => {
  if (/^\d{1,9}$/.test(values[name])) return Number(values[name]);
  throw new Error(`--${name} must be a whole number, not ${values[name]}`);
};

const folder = mkdtempSync(join(realpathSync(tmpdir()), 'dbcalm-cmd-chaos-'));
const figures = await runChaos({
  kills: number('kills'),
  seed: number('seed'),
  folder,
  complain: (complaint) => console.error(complaint),
});
console.log(
  Object.entries(figures)
    .map(([name, figure]) => `${name} ${figure}`)
    .join(', '),
);
if (hasFlaws(figures)) {
  console.error(`what is left of it: ${folder}`);
  process.exitCode = 1;
} else rmSync(folder, { recursive: true });
