/** A daemon that can be observed: on SIGUSR2 it writes one line with its figures to the file that FIGURES names. */
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
  // This collects garbage, too. Objects that become unreachable only then are collected the second time.
  const actors = v8.queryObjects(Actor, { format: 'count' }) as unknown as number;
  collectGarbage();
  const { heapUsed, rss } = process.memoryUsage();
  // Does not use the list of Node, which omits timers that do not keep the process alive.
  const timers = v8.queryObjects(Timeout, { format: 'summary' }).filter(isSet).length;
  // The descriptor that reads the directory is always among them.
  const files = readdirSync('/proc/self/fd').length;
  appendFileSync(
    process.env.FIGURES as string,
    `${JSON.stringify({ heapUsed, rss, files, actors, timers })}\n`,
  );
});

await import('../../src/main.ts');
