/** npm run soak -- [--requests N] */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Inside } from '../support/observed-daemon.ts';
import { growth, runSoak } from './run-soak.ts';

const { values } = parseArgs({ options: { requests: { type: 'string', default: '100000' } } });
if (!/^[1-9]\d{0,8}$/.test(values.requests)) {
  throw new Error(`--requests must be a whole number above 0, not ${values.requests}`);
}

const folder = mkdtempSync(join(realpathSync(tmpdir()), 'dbcalm-cmd-soak-'));
const soak = await runSoak(Number(values.requests), folder);
rmSync(folder, { recursive: true });

const mebibytes = (bytes: number) => (bytes / 1024 / 1024).toFixed(1);
const cells = (name: string, { heapUsed, rss, files, actors, timers }: Inside) => [
  name,
  mebibytes(heapUsed),
  mebibytes(rss),
  ...[files, actors, timers].map(String),
];
const table = [
  ['', 'heap MiB', 'rss MiB', 'files', 'actors', 'timers'],
  cells('idle', soak.idle),
  cells('at 10 %', soak.early),
  cells('at the end', soak.end),
];
for (const [name, ...figures] of table) {
  console.log(`${name?.padEnd(12)}${figures.map((figure) => figure.padStart(10)).join('')}`);
}
const replies = Object.entries(soak.replies).map(([code, count]) => `${code}: ${count}`);
console.log(
  `${values.requests} requests, ${Math.round(soak.perSecond)} a second; replies ${replies.join(', ')}`,
);
const grown = growth(soak);
if (grown.length > 0) {
  console.error(`grew: ${grown.join(', ')}`);
  process.exitCode = 1;
}
