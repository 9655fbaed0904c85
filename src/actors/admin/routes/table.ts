import { asDaemonError } from '../../../errors.ts';
import type { Answer, Question } from '../../../io/admin/server.ts';
import { dryRun } from './dry-run.ts';
import { events } from './events.ts';
import { healthz } from './healthz.ts';
import { metrics } from './metrics.ts';
import { processById, processes } from './processes.ts';
import { readyz } from './readyz.ts';
import { problem, type Route, type Sight } from './route.ts';
import { state } from './state.ts';

/** Everything that can be asked; docs/openapi.yml is held against it. */
export const ROUTES: readonly Route[] = [
  healthz,
  readyz,
  metrics,
  state,
  processes,
  processById,
  events,
  dryRun,
];

/** The routes on the loopback port, which every user of the machine can reach. */
export const PUBLIC_ROUTES: readonly Route[] = [metrics];

/** A HEAD request is handled as GET; the server leaves out the body. */
const METHODS: Readonly<Record<Route['method'], readonly string[]>> = {
  GET: ['GET', 'HEAD'],
  POST: ['POST'],
};

/** Answers what is in `routes`, and refuses the rest. */
export async function answerFrom(
  routes: readonly Route[],
  sight: Sight,
  { method, path, query, body }: Question,
  complain: (error: unknown) => void,
): Promise<Answer> {
  const there = routes.flatMap((route) => {
    const id = match(route.path, path);
    return id === undefined ? [] : [{ route, id }];
  });
  if (there.length === 0) return problem(404, 'there is no such route');
  const found = there.find(({ route }) => METHODS[route.method].includes(method));
  if (!found) {
    const allow = there.flatMap(({ route }) => METHODS[route.method]).join(', ');
    return { status: 405, body: { error: `only ${allow} is answered here` }, allow };
  }
  const unknown = [...query.keys()].find((key) => !found.route.query.includes(key));
  if (unknown !== undefined)
    return problem(400, `unknown parameter ${JSON.stringify(unknown.slice(0, 100))}`);
  try {
    return await found.route.answer({ sight, id: found.id, query, body });
  } catch (error) {
    complain(error);
    return problem(500, asDaemonError(error).message);
  }
}

/** Returns the value of `{id}`, or '' if the pattern has none; undefined if the path does not match. */
function match(pattern: string, path: string): string | undefined {
  if (!pattern.endsWith('/{id}')) return pattern === path ? '' : undefined;
  const folder = pattern.slice(0, -'{id}'.length);
  const id = path.startsWith(folder) ? path.slice(folder.length) : '';
  return /^[\w-]{1,64}$/.test(id) ? id : undefined;
}
