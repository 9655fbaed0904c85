import { join } from 'node:path';
import { ask } from '../../test/support/client.ts';
import { FIRST_UID, letOthersIn, startSwarm } from '../../test/support/other-user.ts';
import { type Case, type Lab, type Mark, type Row, rowsOf } from '../case.ts';
import { figuresOf, percentile } from '../figures.ts';
import { hugeCleanupOf } from '../load/requests.ts';
import type { RunningDaemon } from '../subjects.ts';

const LARGE = 128;
const ALONE = 50;

const MEDIAN = 'ms to the 202, beside large requests of another user';
const SLOWEST = '… the slowest';
const RATIO = '… times that alone';

/** Sends one small request after the other while `goOn`. Returns the milliseconds to each 202. */
async function askWhile(daemon: RunningDaemon, goOn: (asked: number) => boolean): Promise<number[]> {
  const took: number[] = [];
  while (goOn(took.length)) {
    const path = join(daemon.backups, `missing-${took.length}`);
    const begun = performance.now();
    const { code } = await ask(daemon.socket, { cmd: 'delete_directory', args: { path } });
    if (code !== 202) throw new Error(`${code} instead of 202 for a small request`);
    took.push(performance.now() - begun);
  }
  return took;
}

async function measure(daemon: RunningDaemon, clients: number): Promise<Record<string, number>> {
  const alone = await askWhile(daemon, (asked) => asked < ALONE);
  const request = hugeCleanupOf(daemon.backups);
  const swarm = startSwarm(FIRST_UID, { socket: daemon.socket, clients, request });
  let isOver = false;
  const ended = swarm.ended.then(() => {
    isOver = true;
  });
  await swarm.connected;
  const beside = await askWhile(daemon, (asked) => !isOver || asked === 0);
  await ended;
  swarm.stop();
  const unanswered = (await swarm.ended).filter(({ code }) => code === undefined).length;
  if (unanswered > 0) throw new Error(`${unanswered} of ${clients} large requests had no reply`);
  await daemon.settled();
  const median = percentile(beside, 50);
  return {
    [MEDIAN]: median,
    [SLOWEST]: Math.max(...beside),
    [RATIO]: median / percentile(alone, 50),
  };
}

async function findingsOf(
  { folder, place, rounds, scale }: Lab,
  start: (folder: string) => Promise<RunningDaemon>,
) {
  const daemon = await start(place('fairness'));
  letOthersIn(daemon.at, folder);
  const clients = Math.ceil(LARGE * scale);
  const measured: Record<string, number>[] = [];
  for (let round = 0; round < rounds; round++) measured.push(await measure(daemon, clients));
  await daemon.stop();
  return figuresOf(measured);
}

/** One user sends the largest requests, all at once, and another user small ones. */
export const fairness: Case = {
  name: 'fairness',
  about: 'small requests beside 128 of 1 MiB of another user',
  run: async (lab) => {
    if (process.getuid?.() !== 0) {
      return { rows: [], marks: [], notes: ['Left out: only root can start clients of another user.'] };
    }
    const rows: Row[] = [];
    const marks: Mark[] = [];
    for (const { name, start } of lab.subjects) {
      const figures = await findingsOf(lab, start);
      rows.push(...rowsOf(name, figures));
      const value = figures[SLOWEST]?.median ?? Number.NaN;
      marks.push({ subject: name, goal: `${MEDIAN}: the slowest`, value, limit: 250, better: 'less' });
    }
    return { rows, marks, notes: [] };
  },
};
