/** A daemon that is looked into: on SIGUSR2 it writes one line with its figures to the file that FIGURES names. */
import { appendFileSync, readdirSync } from 'node:fs';
import v8 from 'node:v8';
import vm from 'node:vm';
import { Actor } from 'xstate';

v8.setFlagsFromString('--expose-gc');
const collectGarbage = vm.runInNewContext('gc') as () => void;

const Timeout = clearedTimer().constructor;
const isSet = (summary: string) => summary.includes('_destroyed: false');

function clearedTimer(): NodeJS.Timeout {
  const timer = setTimeout(() => {}, 0);
  clearTimeout(timer);
  return timer;
}

process.on('SIGUSR2', () => {
  // It collects garbage, too; what only then becomes unreachable goes with the second time.
  const actors = v8.queryObjects(Actor, { format: 'count' }) as unknown as number;
  collectGarbage();
  const { heapUsed, rss } = process.memoryUsage();
  // Not those that Node lists: it leaves out the ones that keep nothing alive.
  const timers = v8.queryObjects(Timeout, { format: 'summary' }).filter(isSet).length;
  // The one that reads the folder is among them, each time.
  const files = readdirSync('/proc/self/fd').length;
  appendFileSync(
    process.env.FIGURES as string,
    `${JSON.stringify({ heapUsed, rss, files, actors, timers })}\n`,
  );
});

await import('../../src/main.ts');
