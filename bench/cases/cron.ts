import { type Case, interleave, type Mark, type Row, rowsOf } from '../case.ts';
import { figuresOf, percentile } from '../figures.ts';
import { cronFloor } from '../floors.ts';
import { perSecond } from '../load/load.ts';
import { CRON_UPDATE } from '../load/requests.ts';
import { type RunningDaemon, stopAll } from '../subjects.ts';

const REQUESTS = 300;
const AT_REST = 60;

const RATE = 'updates/s, 16 clients';
const REPLY = 'ms to the 202, one client';
const WHOLE = 'ms to the end, one client';
const RENAMED = 'replacements/s, renamed by the loop itself';
const MOVED = 'replacements/s, each renamed by an mv';
const SHARE = "… of the cron floor's with mv, in its round";

/** Each update is staged, synced, renamed and synced again, one after the other, since all are for the same file. */
export const cron: Case = {
  name: 'cron',
  about: 'cron updates, in order and synced',
  run: async ({ load, place, rounds, scale, subjects }) => {
    const daemons = await Promise.all(subjects.map((subject) => subject.start(place(subject.name))));
    const requests = Math.ceil(REQUESTS * scale);
    const measure = async (one: RunningDaemon) => {
      const job = { socket: one.socket, halfClose: true, template: CRON_UPDATE };
      const many = await load.run({ ...job, clients: 16, requests }, 202);
      const rate = perSecond(requests, many, await one.settled());
      const replies: number[] = [];
      const ends: number[] = [];
      for (let sent = 0; sent < Math.ceil(AT_REST * scale); sent++) {
        const run = await load.run({ ...job, clients: 1, requests: 1 }, 202);
        replies.push(...run.latencies);
        ends.push((await one.settled()) - run.begunAt);
      }
      return { [RATE]: rate, [REPLY]: percentile(replies, 50), [WHOLE]: percentile(ends, 50) };
    };
    for (const one of daemons) await measure(one);
    const measureFloor = () => ({
      [RENAMED]: cronFloor(place('floor'), requests, 'rename'),
      [MOVED]: cronFloor(place('floor'), requests, 'mv'),
    });
    const floors: ReturnType<typeof measureFloor>[] = [];
    const measured = await interleave(rounds, daemons, async (one, round) => {
      const floor = floors[round] ?? measureFloor();
      floors[round] = floor;
      const figures = await measure(one);
      return { ...figures, [SHARE]: figures[RATE] / floor[MOVED] };
    });
    await stopAll(daemons);
    const rows: Row[] = rowsOf('cron floor', figuresOf(floors));
    const marks: Mark[] = [];
    for (const [index, { name }] of daemons.entries()) {
      const figures = figuresOf(measured[index] ?? []);
      rows.push(...rowsOf(name, figures));
      const value = (what: string) => figures[what]?.median ?? Number.NaN;
      marks.push({ subject: name, goal: RATE, value: value(RATE), limit: 250, better: 'more' });
      marks.push({ subject: name, goal: REPLY, value: value(REPLY), limit: 3.9, better: 'less' });
    }
    return { rows, marks, notes: [] };
  },
};
