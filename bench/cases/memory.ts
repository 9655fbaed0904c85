import { setTimeout as wait } from 'node:timers/promises';
import type { Case, Lab, Mark, Row } from '../case.ts';
import { figureOf } from '../figures.ts';
import { startIdle } from '../floors.ts';
import { deletionOf, EMPTY_CLEANUP, REFUSABLE } from '../load/requests.ts';
import { anonymousOf, REST } from '../process-figures.ts';
import type { RunningDaemon } from '../subjects.ts';

const REQUESTS = 100_000;
const CLIENTS = 16;

/** The shares of the kinds of requests. */
const MIX = [
  { share: 0.5, code: 400, template: () => REFUSABLE },
  { share: 0.45, code: 202, template: () => EMPTY_CLEANUP },
  { share: 0.05, code: 202, template: ({ backups }: RunningDaemon) => deletionOf(backups) },
];

async function send(load: Lab['load'], daemon: RunningDaemon, requests: number): Promise<void> {
  // Ten parts, so that the kinds alternate.
  for (let part = 0; part < 10; part++) {
    for (const { share, code, template } of MIX) {
      const count = Math.max(1, Math.round((requests * share) / 10));
      const job = { socket: daemon.socket, clients: CLIENTS, requests: count, halfClose: true };
      await load.run({ ...job, template: template(daemon) }, code);
    }
    await daemon.settled();
  }
}

/** Anonymous memory. Some 40 MiB of the resident memory are the text of Node's own file. */
export const memory: Case = {
  name: 'memory',
  about: 'anonymous memory, MiB',
  run: async ({ load, place, scale, subjects }) => {
    const idle = await startIdle(place('idle'));
    const rest = () => wait(REST * scale);
    await rest();
    const bare = anonymousOf(idle.pid);
    await idle.stop();
    const rows: Row[] = [{ subject: 'bare Node', what: 'MiB idle', figure: figureOf([bare]) }];
    const marks: Mark[] = [];
    const requests = Math.ceil(REQUESTS * scale);
    const tenth = requests / 10;
    for (const subject of subjects) {
      const daemon = await subject.start(place(subject.name));
      await rest();
      const atRest = anonymousOf(daemon.pid);
      await send(load, daemon, tenth);
      await rest();
      const early = anonymousOf(daemon.pid);
      await send(load, daemon, requests - tenth);
      await rest();
      const late = anonymousOf(daemon.pid);
      await daemon.stop();
      const { name } = subject;
      const row = (what: string, value: number) =>
        rows.push({ subject: name, what, figure: figureOf([value]) });
      row('MiB idle', atRest);
      row(`MiB after ${tenth} requests`, early);
      row(`MiB after ${requests} requests`, late);
      const mark = (goal: string, value: number, limit: number) =>
        marks.push({ subject: name, goal, value, limit, better: 'less' });
      mark('idle, times bare Node', atRest / bare, 1.7);
      mark(`after ${requests} requests, times bare Node`, late / bare, 4);
      // The free memory that V8 keeps varies by some MiB.
      mark(`from ${tenth} to ${requests} requests, times`, late / early, 1.1);
    }
    return { rows, marks, notes: [] };
  },
};
