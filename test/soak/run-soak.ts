import { setTimeout as wait } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { Random } from '../chaos/random.ts';
import { type Layout, prepare } from '../support/daemon.ts';
import {
  type Inside,
  LOOK_PAUSE_MS,
  launchObserved,
  type ObservedDaemon,
} from '../support/observed-daemon.ts';
import { until } from '../support/until.ts';
import { sendOne } from './senders.ts';

const CLIENTS = 32;
/** Milliseconds until everything that is still open must be closed: far longer than any limit of a connection and than
 * the delay after which the daemon gives memory back. */
const REST_LIMIT = 120_000;
const STALL_LIMIT = 60_000;

/** Figures that are the same for a daemon at rest and for an idle one, however much it has done. */
export const FLAT = ['files', 'actors', 'timers'] as const;

export interface Soak {
  /** Before the first request. */
  readonly idle: Inside;
  /** After a tenth of the requests. */
  readonly early: Inside;
  readonly end: Inside;
  readonly perSecond: number;
  readonly replies: Record<string, number>;
}

/** Sends that many requests of all kinds to one daemon, and inspects it at rest. */
export async function runSoak(requests: number, folder: string): Promise<Soak> {
  const at = prepare(folder, { cmd_log_level: 'info' });
  const observed = await launchObserved(at);
  try {
    const idle = await observed.lookAtRest();
    const replies: Record<string, number> = {};
    const random = new Random(1);
    let sent = 0;
    const send = async (upTo: number) => {
      const client = async (sender: Parameters<typeof sendOne>[0]) => {
        while (sent < upTo) await sendOne(sender, ++sent);
      };
      const clients = Array.from({ length: CLIENTS }, () => client({ at, random: random.fork(), replies }));
      await Promise.race([Promise.all(clients), stalled(() => sent)]);
      return atRest(at, observed, idle);
    };
    const started = performance.now();
    const early = await send(Math.ceil(requests / 10));
    const end = await send(requests);
    const seconds = (performance.now() - started) / 1000;
    return { idle, early, end, perSecond: requests / seconds, replies };
  } finally {
    await observed.daemon.kill();
  }
}

/** Rejects when the daemon has answered no request for `STALL_LIMIT` milliseconds. */
function stalled(sent: () => number): Promise<never> {
  return new Promise((_, reject) => {
    let seen = -1;
    const look = () => {
      if (sent() === seen) reject(new Error(`no request was answered after the first ${seen}`));
      else {
        seen = sent();
        setTimeout(look, STALL_LIMIT).unref();
      }
    };
    look();
  });
}

/** Returns the figures that grew between a tenth of the requests and the end. The heap may vary within a limit. */
export function growth({ early, end }: Soak): string[] {
  const limit = early.heapUsed * 1.2 + 2 * 1024 * 1024;
  return [
    ...FLAT.filter((figure) => end[figure] > early[figure]),
    ...(end.heapUsed > limit ? ['heapUsed'] : []),
  ];
}

/** Returns the figures once they are those of an idle daemon, or the last ones at the deadline. */
async function atRest(at: Layout, { look }: ObservedDaemon, idle: Inside): Promise<Inside> {
  const database = new Database(at.state, { readonly: true });
  const open = database.prepare('SELECT 1 FROM cmd_unsettled LIMIT 1');
  await until('the end of all commands', () => open.get() === undefined);
  database.close();
  const deadline = Date.now() + REST_LIMIT;
  for (;;) {
    const inside = await look();
    if (FLAT.every((figure) => inside[figure] <= idle[figure]) || Date.now() > deadline) return inside;
    await wait(LOOK_PAUSE_MS);
  }
}
