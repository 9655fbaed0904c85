import { type Case, interleave, type Mark, type Row, rowsOf } from '../case.ts';
import { figuresOf } from '../figures.ts';
import { startFloor } from '../floors.ts';
import { perSecond } from '../load/load.ts';
import { REFUSABLE } from '../load/requests.ts';
import { cpuOf } from '../process-figures.ts';
import { type Running, stopAll } from '../subjects.ts';

const REQUESTS = 4_000;
const RATE = 'refusals/s';
const SHARE = 'of the socket floor';

/** Refused for what it lacks: read, understood, audited, answered. */
export const refusals: Case = {
  name: 'refusals',
  about: 'refused requests, 16 clients',
  run: async ({ load, place, rounds, scale, subjects }) => {
    const floor = await startFloor('reply', place('floor'));
    const daemons = await Promise.all(subjects.map((subject) => subject.start(place(subject.name))));
    const requests = Math.ceil(REQUESTS * scale);
    const measure = async (one: Running) => {
      const job = { socket: one.socket, clients: 16, requests, halfClose: true, template: REFUSABLE };
      const before = cpuOf(one.pid);
      const run = await load.run(job, one === floor ? 202 : 400);
      return {
        [RATE]: perSecond(requests, run),
        'ms of CPU a request': (cpuOf(one.pid) - before) / requests,
      };
    };
    const all: Running[] = [floor, ...daemons];
    for (const one of all) await measure(one);
    const measured = await interleave(rounds, all, measure);
    await stopAll(all);
    const rows: Row[] = [];
    const marks: Mark[] = [];
    for (const [index, { name }] of all.entries()) {
      const own = (measured[index] ?? []).map((round, at) =>
        index === 0 ? round : { ...round, [SHARE]: (round[RATE] ?? 0) / (measured[0]?.[at]?.[RATE] ?? 0) },
      );
      const figures = figuresOf(own);
      rows.push(...rowsOf(name, figures));
      if (index === 0) continue;
      const mark = (what: string, goal: string, limit: number) =>
        marks.push({
          subject: name,
          goal,
          value: figures[what]?.median ?? Number.NaN,
          limit,
          better: 'more',
        });
      mark(RATE, 'refusals/s', 7_616);
      mark(SHARE, 'share of the socket floor', 0.3);
    }
    return { rows, marks, notes: [] };
  },
};
