import { type Case, interleave, type Mark, type Row, rowsOf } from '../case.ts';
import { figuresOf, percentile } from '../figures.ts';
import { startFloor } from '../floors.ts';
import { perSecond } from '../load/load.ts';
import { deletionOf } from '../load/requests.ts';
import { cpuOf } from '../process-figures.ts';
import { type Running, stopAll } from '../subjects.ts';

const REQUESTS = 600;
const CLIENTS = [16, 64];

const RATE = (clients: number) => `deletions/s, ${clients} clients`;
const SHARE = (clients: number) => `of the spawn floor, ${clients} clients`;
const TAIL = 'p99 / p50 to the 202, 64 clients';
const CPU = 'ms of CPU a deletion, with its rm';

/** From the first request to the last end on record. */
export const throughput: Case = {
  name: 'throughput',
  about: 'completed deletions',
  run: async ({ load, place, rounds, scale, subjects }) => {
    const floor = await startFloor('spawn', place('floor'));
    const daemons = await Promise.all(subjects.map((subject) => subject.start(place(subject.name))));
    const requests = Math.ceil(REQUESTS * scale);
    const measure = async (one: Running) => {
      const round: Record<string, number> = {};
      const before = cpuOf(one.pid);
      for (const clients of CLIENTS) {
        const job = {
          socket: one.socket,
          clients,
          requests,
          halfClose: true,
          template: deletionOf(one.backups),
        };
        const run = await load.run(job, 202);
        round[RATE(clients)] = perSecond(requests, run, await one.settled());
        if (clients === 64) round[TAIL] = percentile(run.latencies, 99) / percentile(run.latencies, 50);
      }
      round[CPU] = (cpuOf(one.pid) - before) / (requests * CLIENTS.length);
      return round;
    };
    const all: Running[] = [floor, ...daemons];
    for (const one of all) await measure(one);
    const measured = await interleave(rounds, all, measure);
    await stopAll(all);
    const rows: Row[] = [];
    const marks: Mark[] = [];
    for (const [index, { name }] of all.entries()) {
      // Within a round, what the machine does beside falls on both.
      const own = (measured[index] ?? []).map((round, at) => {
        const shares = CLIENTS.map((clients) => {
          const rate = (from: Record<string, number> | undefined) => from?.[RATE(clients)] ?? Number.NaN;
          return [SHARE(clients), rate(round) / rate(measured[0]?.[at])];
        });
        return index === 0 ? round : { ...round, ...Object.fromEntries(shares) };
      });
      const figures = figuresOf(own);
      rows.push(...rowsOf(name, figures));
      if (index === 0) continue;
      const mark = (what: string, goal: string, limit: number, better: Mark['better']) =>
        marks.push({ subject: name, goal, value: figures[what]?.median ?? Number.NaN, limit, better });
      for (const clients of CLIENTS) {
        mark(SHARE(clients), `share of the spawn floor, ${clients} clients`, 0.85, 'more');
        mark(RATE(clients), `deletions/s, ${clients} clients`, 832, 'more');
      }
      mark(TAIL, 'p99 / p50 of a deletion, 64 clients', 2.5, 'less');
    }
    return { rows, marks, notes: [] };
  },
};
