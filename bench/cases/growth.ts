import Database from 'better-sqlite3';
import { layout } from '../../test/support/daemon.ts';
import { type Case, interleave, type Lab, type Mark, type Row, rowsOf } from '../case.ts';
import { figureOf, figuresOf, percentile } from '../figures.ts';
import { startHeld } from '../held.ts';
import { deletionOf, hugeCleanupOf } from '../load/requests.ts';
import { cpuOf } from '../process-figures.ts';
import { type RunningDaemon, type Subject, stopAll } from '../subjects.ts';

const ROWS = 1_000_000;
const PENDING = 1_000;
const REQUESTS = 200;
const HUGE = 3;

const REPLY = 'ms to the 202, one client';
const CPU = 'ms of CPU a deletion, with its rm';

/** Inserts commands that ended long ago. */
function fill(database: string, rows: number): void {
  const open = new Database(database);
  const insert = open.prepare(
    `INSERT INTO process (command_id, command, pid, status, return_code, start_time, end_time, type, args)
     WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
     SELECT printf('00000000-0000-4000-8000-%012d', i), '/bin/rm -rf /var/backups/dbcalm/' || i, 1, 'success', 0,
       '2026-01-01 00:00:00.000000', '2026-01-01 00:00:01.000000', 'delete_directory', '{"path":"/x"}' FROM n`,
  );
  insert.run(rows);
  open.close();
}

/** Measures the cost of a deletion to one client and to the daemon. */
async function cost({ load, scale }: Lab, daemon: RunningDaemon) {
  const requests = Math.ceil(REQUESTS * scale);
  const job = { socket: daemon.socket, clients: 1, requests, halfClose: true };
  const before = cpuOf(daemon.pid);
  const run = await load.run({ ...job, template: deletionOf(daemon.backups) }, 202);
  return { run, before, requests };
}

/** Compares a full table with an empty one. */
async function rowsFindings(lab: Lab, subject: Subject): Promise<{ rows: Row[]; marks: Mark[] }> {
  const { place, rounds, scale } = lab;
  const folders = [place('empty'), place('full')] as const;
  // The daemon itself creates the tables.
  await stopAll([await subject.start(folders[1])]);
  const count = Math.ceil(ROWS * scale);
  fill(layout(folders[1]).database, count);
  const daemons = await Promise.all(folders.map((folder) => subject.start(folder)));
  const measure = async (daemon: RunningDaemon) => {
    const { run, before, requests } = await cost(lab, daemon);
    await daemon.settled();
    const round: Record<string, number> = {
      [REPLY]: percentile(run.latencies, 50),
      [CPU]: (cpuOf(daemon.pid) - before) / requests,
    };
    return round;
  };
  for (const daemon of daemons) await measure(daemon);
  const [empty = [], full = []] = await interleave(rounds, daemons, measure);
  await stopAll(daemons);
  const { name } = subject;
  const ratio = (what: string) =>
    figureOf(full.map((round, at) => (round[what] ?? 0) / (empty[at]?.[what] ?? 0)));
  const ratios = [REPLY, CPU].map(
    (what): Row => ({ subject: name, what: `${what}: times that of none`, figure: ratio(what) }),
  );
  const goal = `${REPLY}: ${count} rows, times none`;
  return {
    rows: [
      ...rowsOf(`${name}, no rows`, figuresOf(empty)),
      ...rowsOf(`${name}, ${count} rows`, figuresOf(full)),
      ...ratios,
    ],
    marks: [{ subject: name, goal, value: ratio(REPLY).median, limit: 1.1, better: 'less' }],
  };
}

/** Measures the largest request: a cleanup of missing directories. */
async function hugeFindings({ load, place, rounds }: Lab, subject: Subject) {
  const daemon = await subject.start(place('huge'));
  const template = hugeCleanupOf(daemon.backups);
  const job = { socket: daemon.socket, clients: 1, requests: 1, halfClose: true, template };
  const took: number[] = [];
  for (let i = 0; i < rounds * HUGE; i++) {
    const { latencies } = await load.run(job, 202);
    took.push(...latencies);
    await daemon.settled();
  }
  await stopAll([daemon]);
  const { name } = subject;
  const figure = figureOf(took);
  const what = 'ms to the 202, a request of 1 MiB';
  return {
    rows: [{ subject: name, what, figure }],
    marks: [{ subject: name, goal: what, value: figure.median, limit: 40, better: 'less' as const }],
  };
}

/** Compares a thousand pending commands with none but the held one. */
async function pendingFindings(lab: Lab, subject: Subject) {
  const { load, place, rounds, scale } = lab;
  const requests = Math.ceil(PENDING * scale);
  const ratios: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const [free, busy] = [await startHeld(subject, place('free')), await startHeld(subject, place('busy'))];
    const job = { socket: busy.socket, clients: 16, requests, halfClose: true };
    await load.run({ ...job, template: deletionOf(busy.backups) }, 202);
    // This warms it up like the other.
    await load.run({ ...job, socket: free.socket, template: '{"cmd":"delete_directory","args":{}}' }, 400);
    const [few, many] = [await cost(lab, free), await cost(lab, busy)];
    ratios.push(percentile(many.run.latencies, 50) / percentile(few.run.latencies, 50));
    await stopAll([free, busy]);
  }
  const { name } = subject;
  const figure = figureOf(ratios);
  const what = `${REPLY}: ${requests} pending, times none`;
  return {
    rows: [{ subject: name, what, figure }],
    marks: [{ subject: name, goal: what, value: figure.median, limit: 1.1, better: 'less' as const }],
  };
}

export const growth: Case = {
  name: 'growth',
  about: 'the cost of a request as work grows',
  run: async (lab) => {
    const all: { rows: Row[]; marks: Mark[] }[] = [];
    for (const subject of lab.subjects) {
      for (const find of [rowsFindings, hugeFindings, pendingFindings]) all.push(await find(lab, subject));
    }
    return { rows: all.flatMap(({ rows }) => rows), marks: all.flatMap(({ marks }) => marks), notes: [] };
  },
};
