import { besideFloor } from '../beside-floor.ts';
import type { Case } from '../case.ts';
import { percentile } from '../figures.ts';
import { deletionOf } from '../load/requests.ts';

const REQUESTS = 200;
const OPEN = 'ms, not half-closing';
const HALF_CLOSED = 'ms, half-closing';

/** The time that one client waits for its 202, when the row is on disk. */
export const latency: Case = {
  name: 'latency',
  about: 'a deletion to its 202, one client',
  run: (lab) =>
    besideFloor(lab, {
      floor: 'reply',
      measure: async ({ socket, backups, settled }) => {
        const requests = Math.ceil(REQUESTS * lab.scale);
        const median = async (halfClose: boolean) => {
          const job = { socket, clients: 1, requests, halfClose, template: deletionOf(backups) };
          const { latencies } = await lab.load.run(job, 202);
          await settled();
          return percentile(latencies, 50);
        };
        return { [OPEN]: await median(false), [HALF_CLOSED]: await median(true) };
      },
      goals: [
        { what: OPEN, goal: '202 to a client that does not half-close, ms', limit: 2.5, better: 'less' },
        { what: HALF_CLOSED, goal: '202 to a client that half-closes, ms', limit: 3.3, better: 'less' },
      ],
    }),
};
