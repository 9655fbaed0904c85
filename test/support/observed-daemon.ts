import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type Layout, launchDaemon, type TestDaemon } from './daemon.ts';
import { until } from './until.ts';

const MAIN = join(import.meta.dirname, 'observed-main.ts');

/** Milliseconds after which a timer that is still set counts as permanent. */
const REST_LIMIT = 120_000;
/** A look collects all garbage of the daemon. */
export const LOOK_PAUSE_MS = 250;

/** The contents of a daemon: bytes, open file descriptors, living XState actors and set timers. */
export interface Inside {
  readonly heapUsed: number;
  readonly rss: number;
  readonly files: number;
  readonly actors: number;
  readonly timers: number;
}

export interface ObservedDaemon {
  readonly daemon: TestDaemon;
  look(): Promise<Inside>;
  /** Inspects the daemon once no timer is set. The timer for the last log lines is short. */
  lookAtRest(): Promise<Inside>;
}

/** Starts a daemon that reports its contents. */
export async function launchObserved(at: Layout): Promise<ObservedDaemon> {
  const file = join(at.folder, 'figures');
  const daemon = await launchDaemon(at, { main: MAIN, env: { FIGURES: file } });
  const lines = () => (existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : []);
  const look = async () => {
    const known = lines().length;
    daemon.signal('SIGUSR2');
    const line = await until('the figures of the daemon', () => lines()[known]);
    return JSON.parse(line) as Inside;
  };
  const lookAtRest = async () => {
    for (const deadline = Date.now() + REST_LIMIT; ; ) {
      const inside = await look();
      if (inside.timers === 0 || Date.now() > deadline) return inside;
      await wait(LOOK_PAUSE_MS);
    }
  };
  return { daemon, look, lookAtRest };
}
