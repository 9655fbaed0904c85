/** npm run bench -- [--only NAME,…] [--rounds N] [--quick] [--json] [--executable FILE] [--chart FILE]
 * [--against COMMIT] */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { chartOf } from './chart.ts';
import { runBench } from './run-bench.ts';
import { headOf, tableOf } from './table.ts';

const RESULTS = join(import.meta.dirname, 'results');

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    rounds: { type: 'string', default: '7' },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    executable: { type: 'string', default: join(import.meta.dirname, '..', 'dist', 'dbcalm-cmd') },
    against: { type: 'string' },
    chart: { type: 'string', default: join(RESULTS, 'bench.svg') },
  },
});
if (!/^[1-9]\d?$/.test(values.rounds)) {
  throw new Error(`--rounds must be a whole number from 1 to 99, not ${values.rounds}`);
}

const print = (text: string) => {
  if (!values.json) console.log(text);
};

const folder = mkdtempSync(join(realpathSync(tmpdir()), 'dbcalm-cmd-bench-'));
try {
  const report = await runBench({
    folder,
    only: values.only?.split(','),
    rounds: values.quick ? 1 : Number(values.rounds),
    scale: values.quick ? 0.02 : 1,
    // Each daemon runs in a directory of its own.
    executable: resolve(values.executable),
    against: values.against,
    // Prints the results as they arrive, since a full run takes long.
    begun: (head) => print(headOf(head)),
    measured: (one) => print(`\n${tableOf(one)}`),
  });
  mkdirSync(dirname(values.chart), { recursive: true });
  writeFileSync(values.chart, chartOf(report));
  if (values.json) console.log(JSON.stringify(report, undefined, 2));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
