/** npm run fuzz -- --seconds N --seed S. A violation names the request; --request N --seed S sends only that one. */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runFuzz } from './run-fuzz.ts';

const MOST_COMPLAINTS = 200;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
    request: { type: 'string' },
  },
});
const number = (name: 'seconds' | 'seed' | 'request'): number => {
  const text = values[name] ?? '';
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new Error(`--${name} must be a whole number, not ${text}`);
};

const folder = mkdtempSync(join(realpathSync(tmpdir()), 'dbcalm-cmd-fuzz-'));
const seed = number('seed');
const extent =
  values.request === undefined ? { seconds: number('seconds') } : { first: number('request'), requests: 1 };
let complaints = 0;
const complain = (violation: string) => {
  if (++complaints <= MOST_COMPLAINTS) console.error(violation);
};
const figures = await runFuzz({ seed, folder, ...extent, complain });
const { requests, seconds, replies, dropped, peakMiB, violations } = figures;
const codes = Object.entries(replies).map(([code, count]) => `${code}: ${count}`);
console.log(
  `seed ${seed}, ${requests} requests in ${Math.round(seconds)} s, ${Math.round(requests / seconds)} a second, ` +
    `replies ${codes.join(', ')}, ${dropped} dropped, at most ${peakMiB} MiB, ${violations} violations`,
);
if (violations > 0) {
  console.error(`what is left of it: ${folder}`);
  process.exitCode = 1;
} else rmSync(folder, { recursive: true });
