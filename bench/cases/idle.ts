import { setTimeout as wait } from 'node:timers/promises';
import type { Case, Mark, Row } from '../case.ts';
import { figureOf } from '../figures.ts';
import { deletionOf } from '../load/requests.ts';
import { cpuOf, REST, TICK } from '../process-figures.ts';
import { stopAll } from '../subjects.ts';

const WATCHED = 10_000;

/** A daemon that has worked, and receives no request. */
export const idle: Case = {
  name: 'idle',
  about: 'ticks of CPU in 10 s without a request',
  run: async ({ load, place, scale, subjects }) => {
    const daemons = await Promise.all(subjects.map((subject) => subject.start(place(subject.name))));
    for (const { socket, backups, settled } of daemons) {
      await load.run(
        { socket, clients: 4, requests: 20, halfClose: true, template: deletionOf(backups) },
        202,
      );
      await settled();
    }
    await wait(Math.max(500, REST * scale));
    const before = daemons.map(({ pid }) => cpuOf(pid));
    const watched = Math.max(1_000, WATCHED * scale);
    await wait(watched);
    const spent = daemons.map(({ pid }, index) => (cpuOf(pid) - (before[index] ?? 0)) / TICK);
    await stopAll(daemons);
    const rows: Row[] = [];
    const marks: Mark[] = [];
    for (const [index, { name }] of daemons.entries()) {
      const value = spent[index] ?? Number.NaN;
      rows.push({ subject: name, what: `ticks in ${watched / 1_000} s`, figure: figureOf([value]) });
      marks.push({ subject: name, goal: 'ticks of CPU while idle', value, limit: 0, better: 'less' });
    }
    return { rows, marks, notes: [] };
  },
};
