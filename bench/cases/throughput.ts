import { besideFloor } from '../beside-floor.ts';
import type { Case } from '../case.ts';
import { percentile } from '../figures.ts';
import { perSecond } from '../load/load.ts';
import { deletionOf } from '../load/requests.ts';
import { cpuOf } from '../process-figures.ts';

const REQUESTS = 600;
const CLIENTS = [16, 64];

const RATE = (clients: number) => `deletions/s, ${clients} clients`;
const SHARE = (clients: number) => `of the spawn floor, ${clients} clients`;
const TAIL = 'p99 / p50 to the 202, 64 clients';
const CPU = 'ms of CPU a deletion, with its rm';

/** From the first request to the last recorded end. */
export const throughput: Case = {
  name: 'throughput',
  about: 'completed deletions',
  run: (lab) =>
    besideFloor(lab, {
      floor: 'spawn',
      measure: async ({ socket, pid, backups, settled }) => {
        const requests = Math.ceil(REQUESTS * lab.scale);
        const round: Record<string, number> = {};
        const before = cpuOf(pid);
        for (const clients of CLIENTS) {
          const job = { socket, clients, requests, halfClose: true, template: deletionOf(backups) };
          const run = await lab.load.run(job, 202);
          round[RATE(clients)] = perSecond(requests, run, await settled());
          if (clients === 64) round[TAIL] = percentile(run.latencies, 99) / percentile(run.latencies, 50);
        }
        round[CPU] = (cpuOf(pid) - before) / (requests * CLIENTS.length);
        return round;
      },
      shares: Object.fromEntries(CLIENTS.map((clients) => [SHARE(clients), RATE(clients)])),
      goals: [
        ...CLIENTS.flatMap((clients) => [
          {
            what: SHARE(clients),
            goal: `share of the spawn floor, ${clients} clients`,
            limit: 0.85,
            better: 'more' as const,
          },
          { what: RATE(clients), goal: RATE(clients), limit: 832, better: 'more' as const },
        ]),
        { what: TAIL, goal: 'p99 / p50 of a deletion, 64 clients', limit: 2.5, better: 'less' },
      ],
    }),
};
