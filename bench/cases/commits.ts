import { type Case, interleave, type Mark, type Row, rowsOf } from '../case.ts';
import { commitsOf } from '../commits.ts';
import { figureOf, figuresOf } from '../figures.ts';
import { commitFloor } from '../floors.ts';
import { startHeld } from '../held.ts';
import { perSecond } from '../load/load.ts';
import { deletionOf } from '../load/requests.ts';
import { type Subject, stopAll } from '../subjects.ts';

const REQUESTS = 2_000;
const AT_REST = 100;
const COMMITS = 2_000;

const RATE = 'accepted/s, 32 clients';
const LOADED = 'commits a request, 32 clients';
const REST = 'commits a request, one client';

export const commits: Case = {
  name: 'commits',
  about: 'accepted commands, nothing started yet',
  run: async ({ load, place, rounds, scale, subjects }) => {
    const requests = Math.ceil(REQUESTS * scale);
    const atRest = Math.ceil(AT_REST * scale);
    const measure = async (subject: Subject) => {
      const daemon = await startHeld(subject, place(subject.name));
      const job = { socket: daemon.socket, halfClose: true, template: deletionOf(daemon.backups) };
      const count = async (clients: number, sent: number) => {
        const before = await commitsOf(daemon);
        const run = await load.run({ ...job, clients, requests: sent }, 202);
        return { run, commits: ((await commitsOf(daemon)) - before) / sent };
      };
      await load.run({ ...job, clients: 32, requests: Math.ceil(requests / 4) }, 202);
      const loaded = await count(32, requests);
      const rest = await count(1, atRest);
      await stopAll([daemon]);
      return { [RATE]: perSecond(requests, loaded.run), [LOADED]: loaded.commits, [REST]: rest.commits };
    };
    const floor: number[] = [];
    const measured = await interleave(rounds, subjects, async (subject) => {
      if (subject === subjects[0]) floor.push(commitFloor(place('floor'), Math.ceil(COMMITS * scale)));
      return measure(subject);
    });
    const rows: Row[] = rowsOf('commit floor', { 'commits/s, one row each': figureOf(floor) });
    const marks: Mark[] = [];
    for (const [index, { name }] of subjects.entries()) {
      const figures = figuresOf(measured[index] ?? []);
      rows.push(...rowsOf(name, figures));
      const mark = (what: string, limit: number) =>
        marks.push({
          subject: name,
          goal: what,
          value: figures[what]?.median ?? Number.NaN,
          limit,
          better: 'less',
        });
      mark(LOADED, 0.2);
      mark(REST, 1);
    }
    return { rows, marks, notes: [] };
  },
};
