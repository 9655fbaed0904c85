import { besideFloor } from '../beside-floor.ts';
import type { Case } from '../case.ts';
import { perSecond } from '../load/load.ts';
import { REFUSABLE } from '../load/requests.ts';
import { cpuOf } from '../process-figures.ts';

const REQUESTS = 4_000;
const RATE = 'refusals/s';
const SHARE = 'of the socket floor';

/** A request without its argument: read, validated, audited and answered. */
export const refusals: Case = {
  name: 'refusals',
  about: 'refused requests, 16 clients',
  run: (lab) =>
    besideFloor(lab, {
      floor: 'reply',
      measure: async ({ socket, pid }, isFloor) => {
        const requests = Math.ceil(REQUESTS * lab.scale);
        const before = cpuOf(pid);
        const job = { socket, clients: 16, requests, halfClose: true, template: REFUSABLE };
        const run = await lab.load.run(job, isFloor ? 202 : 400);
        return {
          [RATE]: perSecond(requests, run),
          'ms of CPU a request': (cpuOf(pid) - before) / requests,
        };
      },
      shares: { [SHARE]: RATE },
      goals: [
        { what: RATE, goal: 'refusals/s', limit: 7_616, better: 'more' },
        { what: SHARE, goal: 'share of the socket floor', limit: 0.3, better: 'more' },
      ],
    }),
};
