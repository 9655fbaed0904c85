import { messageOf } from '../../../errors.ts';
import type { Answer } from '../../../io/admin/server.ts';
import { type ListFilter, listProcesses, readProcess } from '../../../io/history/process-list.ts';
import { STATES } from '../../../io/history/rows.ts';
import { instantOf, timestamp } from '../../../io/store/timestamp.ts';
import { json, problem, type Route } from './route.ts';

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 1_000;

/** The commands of the journal, newest first. The shared database is not read: users that can write to it control its schema. */
export const processes: Route = {
  method: 'GET',
  path: '/processes',
  query: ['limit', 'state', 'type', 'since'],
  answer: ({ sight, query }) => {
    const filter = filterOf(query);
    if (typeof filter === 'string') return problem(400, filter);
    return reading(() => json(200, { processes: listProcesses(sight.statePath, filter) }));
  },
};

export const processById: Route = {
  method: 'GET',
  path: '/processes/{id}',
  query: [],
  answer: ({ sight, id }) =>
    reading(() => {
      const found = readProcess(sight.statePath, id);
      return found ? json(200, found) : problem(404, 'the journal knows no command of this id');
    }),
};

/** A database in trouble is no fault of the route. */
function reading(read: () => Answer): Answer {
  try {
    return read();
  } catch (error) {
    return problem(503, `the database cannot be read: ${messageOf(error)}`);
  }
}

/** The filter, or what is wrong with it. */
function filterOf(query: URLSearchParams): ListFilter | string {
  const limit = query.get('limit') ?? String(DEFAULT_LIMIT);
  if (!/^\d{1,4}$/.test(limit) || Number(limit) < 1 || Number(limit) > MAX_LIMIT) {
    return `limit must be a whole number from 1 to ${MAX_LIMIT}`;
  }
  const state = query.get('state') ?? undefined;
  if (state !== undefined && !STATES.some((name) => name === state)) {
    return `state must be one of ${STATES.join(', ')}`;
  }
  const given = query.get('since');
  const since = given === null ? undefined : instantOf(given);
  if (given !== null && !since) return 'since must be a time, such as 2026-11-24T02:20:00Z';
  return {
    limit: Number(limit),
    state,
    type: query.get('type') ?? undefined,
    since: since && timestamp(since),
  };
}
