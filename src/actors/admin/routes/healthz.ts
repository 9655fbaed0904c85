import { json, type Route } from './route.ts';

/** The process answers: its loop turns. */
export const healthz: Route = {
  method: 'GET',
  path: '/healthz',
  query: [],
  answer: ({ sight: { version } }) =>
    json(200, { ok: true, pid: process.pid, version, uptime_s: Math.floor(process.uptime()) }),
};
