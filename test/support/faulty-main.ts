/** A daemon with one fault at each of some fault points. FAULT is `<point>,<point>… <deed>`. It reports the fault on
 * stderr. */
import { writeSync } from 'node:fs';
import { setFaultHook } from '../../src/io/os/fault-point.ts';

/** Milliseconds; long enough for any event that could overtake it. */
const DELAY = 300;

const hold = (milliseconds: number) =>
  void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);

const DEEDS: Record<string, () => void> = {
  kill: () => {
    process.kill(process.pid, 'SIGKILL');
    hold(60_000);
  },
  throw: () => {
    throw new Error('a fault of the test');
  },
  delay: () => hold(DELAY),
};

const [points, deed] = (process.env.FAULT as string).split(' ') as [string, string];
const left = new Set(points.split(','));
setFaultHook((reached) => {
  if (!left.delete(reached)) return;
  writeSync(2, `fault met: ${reached}\n`);
  DEEDS[deed]?.();
});

await import('../../src/main.ts');
