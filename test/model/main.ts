/** `npm run model -- --runs N --seed S`: runs sequences of the contract's model. A failure names its path, and
 * `--seed S --path P` reproduces it. `npm run model -- --paths all`: real daemons walk all paths of the machines, or
 * those that match a pattern. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runModel } from './contract/run-model.ts';

const REAL = join(import.meta.dirname, 'real', 'real.test.ts');

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    path: { type: 'string' },
    paths: { type: 'string' },
  },
});
if (values.path !== undefined && !/^[\d:]+@[\w/+=:]*$/.test(values.path)) {
  throw new Error(`--path must be as a failure names it, not ${values.path}`);
}
if (values.paths === undefined) await runContract(whole('runs'), whole('seed'), values.path);
else await walk(values.paths);

function whole(name: 'runs' | 'seed'): number {
  if (/^\d{1,9}$/.test(values[name])) return Number(values[name]);
  throw new Error(`--${name} must be a whole number, not ${values[name]}`);
}

async function runContract(wanted: number, seed: number, from: string | undefined): Promise<void> {
  const { runs, steps, failure, path } = await runModel({ seed, runs: wanted, path: from });
  console.log(`seed ${seed}, ${runs} sequences, ${steps} steps`);
  if (failure === undefined) return;
  console.error(`${failure}\nbring it back with: npm run model -- --seed ${seed} --path ${path}`);
  process.exitCode = 1;
}

async function walk(paths: string): Promise<void> {
  const args = ['--conditions=development', '--expose-gc', '--test', REAL];
  const env = { ...process.env, MODEL_PATHS: paths };
  const [code] = await once(spawn(process.execPath, args, { env, stdio: 'inherit' }), 'exit');
  process.exitCode = code ?? 1;
}
