import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Layout, launchDaemon, type TestDaemon } from './daemon.ts';
import { until } from './until.ts';

const MAIN = join(import.meta.dirname, 'observed-main.ts');

/** Milliseconds after which what is still set is there to stay. */
const REST_LIMIT = 120_000;

/** What there is inside a daemon: bytes, open descriptors, living XState actors, timers that are set. */
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
  /** Looks once no timer is set any more: that of the last lines of the log is for a moment. */
  lookAtRest(): Promise<Inside>;
}

/** Starts a daemon that tells what there is inside it. */
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
    }
  };
  return { daemon, look, lookAtRest };
}
