import { asDaemonError } from '../../../errors.ts';
import { MAX_DRY_RUNS } from '../dry-runs.ts';
import { json, problem, type Route } from './route.ts';

/** What would become of the request in the body, which a client would send to the command socket. */
export const dryRun: Route = {
  method: 'POST',
  path: '/dry-run',
  query: [],
  answer: async ({ sight: { dryRuns }, body }) => {
    if (dryRuns.isFull) return problem(503, `${MAX_DRY_RUNS} dry runs are under way already`);
    try {
      const found = await dryRuns.run(body);
      return found ? json(200, found) : problem(400, 'the body is empty; it must be the request of a client');
    } catch (error) {
      const { code, message, remedy } = asDaemonError(error);
      if (code !== 'PREVIEW_TOO_SLOW') throw error;
      return problem(503, `${message}; ${remedy}`);
    }
  },
};
