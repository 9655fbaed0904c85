import { setTimeout as wait } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { launchDaemon, prepare, type TestDaemon } from '../support/daemon.ts';
import { until } from '../support/until.ts';
import { runClient } from './clients.ts';
import { Gate } from './gate.ts';
import { Ledger } from './ledger.ts';
import { Orphans } from './orphans.ts';
import { Random } from './random.ts';
import { FLAWS, Judge, type Verdict } from './verdict.ts';

const CLIENTS = 6;
/** Milliseconds. */
const LONGEST_LIFE = 150;

export interface ChaosOptions {
  readonly kills: number;
  readonly seed: number;
  readonly folder: string;
  /** Called with every single flaw. */
  readonly complain?: (complaint: string) => void;
}

export type Figures = Record<'kills' | 'seed' | 'orphans', number> & Verdict;

export const hasFlaws = (figures: Figures): boolean => FLAWS.some((flaw) => figures[flaw] > 0);

/** Runs clients against a daemon that is killed many times, then lets one daemon settle everything, and judges. */
export async function runChaos({ kills, seed, folder, complain }: ChaosOptions): Promise<Figures> {
  const at = prepare(folder, { max_running: 4, cmd_log_level: 'info' });
  const random = new Random(seed);
  const orphans = new Orphans(random.fork());
  const gate = new Gate();
  const ledger = new Ledger();
  const judge = new Judge(at, ledger, complain);
  const clients = Promise.all(
    Array.from({ length: CLIENTS }, (_, index) =>
      runClient({ name: `c${index}`, at, gate, ledger, random: random.fork(), glance: () => judge.glance() }),
    ),
  );
  // The promise is awaited below, after the last kill.
  clients.catch(() => {});
  let daemon: TestDaemon | undefined;
  try {
    for (let kill = 0; kill < kills; kill++) {
      daemon = await launchDaemon(at);
      gate.open();
      const life = random.below(LONGEST_LIFE);
      const first = random.below(life + 1);
      await wait(first);
      orphans.release();
      await wait(life - first);
      gate.close();
      orphans.hold(daemon.pid);
      await daemon.kill();
      await gate.quiet();
      judge.look();
    }
    gate.shut();
    await clients;
    daemon = await launchDaemon(at);
    orphans.releaseAll();
    // A daemon that never settles is judged as it is.
    await until('the end of all commands', () => isSettled(at.state)).catch(() => {});
    return { kills, seed, orphans: orphans.count, ...judge.verdict() };
  } finally {
    orphans.releaseAll();
    await daemon?.kill();
  }
}

function isSettled(path: string): boolean {
  const database = new Database(path, { readonly: true });
  try {
    return database.prepare('SELECT 1 FROM cmd_unsettled LIMIT 1').get() === undefined;
  } finally {
    database.close();
  }
}
