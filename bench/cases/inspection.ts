import { request } from 'node:http';
import { adminSocket } from '../../test/support/admin.ts';
import { type Case, interleave, type Lab, type Mark, type Row, rowsOf } from '../case.ts';
import { figureOf, figuresOf } from '../figures.ts';
import { perSecond } from '../load/load.ts';
import { EMPTY_CLEANUP } from '../load/requests.ts';
import { cpuOf } from '../process-figures.ts';
import { atCommit, development, type RunningDaemon, type Subject, stopAll } from '../subjects.ts';

/** The last commit before the admin socket and inspection, and the commit that finished them. Nothing else was
 * changed between the two. */
const BEFORE = '2ba35f0';
const AFTER = '9e07621';

const REQUESTS = 1_500;
const RATE = 'commands/s, 16 clients';
const CPU = 'ms of CPU a command';

/** Uses commands with nothing to do: every actor runs and every transition is recorded, and no child blurs the
 * figure. */
function measurer({ load, scale }: Lab) {
  const requests = Math.ceil(REQUESTS * scale);
  return async (daemon: RunningDaemon) => {
    const before = cpuOf(daemon.pid);
    const job = { socket: daemon.socket, clients: 16, requests, halfClose: true, template: EMPTY_CLEANUP };
    const run = await load.run(job, 202);
    const rate = perSecond(requests, run, await daemon.settled());
    return { [RATE]: rate, [CPU]: (cpuOf(daemon.pid) - before) / requests };
  };
}

/** Reads the stream of inspection events, and discards it. */
function watch(daemon: RunningDaemon): Promise<{ leave(): void }> {
  return new Promise((resolve, reject) => {
    const asking = request({ socketPath: adminSocket(daemon.daemon), path: '/events' }, (response) => {
      response.on('error', () => {}).resume();
      resolve({ leave: () => asking.destroy() });
    });
    asking.on('error', reject).end();
  });
}

export const inspection: Case = {
  name: 'inspection',
  about: 'what it costs to be able to look inside',
  run: async (lab) => {
    const { folder, place, rounds } = lab;
    const before = atCommit(`before (${BEFORE})`, BEFORE, folder);
    const after = atCommit(`after (${AFTER})`, AFTER, folder);
    if (!before || !after) {
      const note = `Left out: this clone lacks the commits ${BEFORE} and ${AFTER}, before and after inspection was built.`;
      return { rows: [], marks: [], notes: [note] };
    }
    const named = (name: string): Subject => ({ ...development(), name });
    const subjects = [before, after, named('now'), named('now, looked into')];
    const daemons = await Promise.all(subjects.map((subject) => subject.start(place(subject.name))));
    const reader = await watch(daemons[3] as RunningDaemon);
    const measure = measurer(lab);
    for (const daemon of daemons) await measure(daemon);
    const measured = await interleave(rounds, daemons, measure);
    reader.leave();
    await stopAll(daemons);
    const rows: Row[] = subjects.flatMap(({ name }, index) => rowsOf(name, figuresOf(measured[index] ?? [])));
    const ratio = figureOf(
      (measured[1] ?? []).map((round, at) => (round[RATE] ?? 0) / (measured[0]?.[at]?.[RATE] ?? 0)),
    );
    rows.push({ subject: 'after', what: 'rate, times before', figure: ratio });
    const { median, low, high } = figuresOf(measured[0] ?? [])[RATE] ?? figureOf([]);
    // The noise: how far the rounds of the same build differ.
    const limit = 1 - (high - low) / 2 / median;
    const goal = 'rate with inspection off, times before it was built';
    const marks: Mark[] = [{ subject: 'after', goal, value: ratio.median, limit, better: 'more' }];
    return { rows, marks, notes: [] };
  },
};
