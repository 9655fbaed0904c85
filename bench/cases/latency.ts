import { type Case, interleave, type Mark, type Row, rowsOf } from '../case.ts';
import { figuresOf, percentile } from '../figures.ts';
import { startFloor } from '../floors.ts';
import { deletionOf } from '../load/requests.ts';
import { type Running, stopAll } from '../subjects.ts';

const REQUESTS = 200;
const OPEN = 'ms, not half-closing';
const HALF_CLOSED = 'ms, half-closing';

/** What one client waits for its 202: the row is on disk by then. */
export const latency: Case = {
  name: 'latency',
  about: 'a deletion to its 202, one client',
  run: async ({ load, place, rounds, scale, subjects }) => {
    const floor = await startFloor('reply', place('floor'));
    const daemons = await Promise.all(subjects.map((subject) => subject.start(place(subject.name))));
    const requests = Math.ceil(REQUESTS * scale);
    const measure = async (one: Running) => {
      const job = { socket: one.socket, clients: 1, requests, template: deletionOf(one.backups) };
      const open = await load.run({ ...job, halfClose: false }, 202);
      await one.settled();
      const halfClosed = await load.run({ ...job, halfClose: true }, 202);
      await one.settled();
      return { [OPEN]: percentile(open.latencies, 50), [HALF_CLOSED]: percentile(halfClosed.latencies, 50) };
    };
    const all: Running[] = [floor, ...daemons];
    for (const one of all) await measure(one);
    const measured = await interleave(rounds, all, measure);
    await stopAll(all);
    const rows: Row[] = [];
    const marks: Mark[] = [];
    for (const [index, { name }] of all.entries()) {
      const figures = figuresOf(measured[index] ?? []);
      rows.push(...rowsOf(name, figures));
      if (index === 0) continue;
      const mark = (goal: string, what: string, limit: number) =>
        marks.push({
          subject: name,
          goal,
          value: figures[what]?.median ?? Number.NaN,
          limit,
          better: 'less',
        });
      mark('202 to a client that does not half-close, ms', OPEN, 2.5);
      mark('202 to a client that half-closes, ms', HALF_CLOSED, 3.3);
    }
    return { rows, marks, notes: [] };
  },
};
