/** npm run model -- --runs N --seed S. A failure names its path; --seed S --path P brings it back. */
import { parseArgs } from 'node:util';
import { runModel } from './run-model.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    path: { type: 'string' },
  },
});
const number = (name: 'runs' | 'seed'): number => {
  if (/^\d{1,9}$/.test(values[name])) return Number(values[name]);
  throw new Error(`--${name} must be a whole number, not ${values[name]}`);
};
if (values.path !== undefined && !/^[\d:]+@[\w/+=:]*$/.test(values.path)) {
  throw new Error(`--path must be as a failure names it, not ${values.path}`);
}

const seed = number('seed');
const { runs, steps, failure, path } = await runModel({ seed, runs: number('runs'), path: values.path });
console.log(`seed ${seed}, ${runs} sequences, ${steps} steps`);
if (failure !== undefined) {
  console.error(`${failure}\nbring it back with: npm run model -- --seed ${seed} --path ${path}`);
  process.exitCode = 1;
}
