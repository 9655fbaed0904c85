/** A daemon that meets a fault once: FAULT is `<point> <deed>`. It says so on stderr. */
import { writeSync } from 'node:fs';
import { setFaultHook } from '../../src/io/os/fault-point.ts';

/** Milliseconds; long enough for whatever could overtake it. */
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

const [point, deed] = (process.env.FAULT as string).split(' ') as [string, string];
let met = false;
setFaultHook((reached) => {
  if (met || reached !== point) return;
  met = true;
  writeSync(2, `fault met: ${point}\n`);
  DEEDS[deed]?.();
});

await import('../../src/main.ts');
