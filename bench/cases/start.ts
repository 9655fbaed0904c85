import { join } from 'node:path';
import { prepare } from '../../test/support/daemon.ts';
import { type Case, interleave, type Mark, type Row } from '../case.ts';
import { figureOf, percentile } from '../figures.ts';
import { output } from '../launch.ts';

const STARTS = join(import.meta.dirname, '..', 'floors', 'starts.ts');
const STARTS_A_ROUND = 5;

interface Start {
  readonly name: string;
  readonly folder: string;
  readonly until: 'listening' | 'exit';
  readonly command: readonly string[];
}

/** From exec until clients can connect, on an existing database. */
export const start: Case = {
  name: 'start',
  about: 'exec to listening',
  run: async ({ place, rounds, scale, subjects }) => {
    const bare: Start = {
      name: 'node -e 0',
      folder: place('bare'),
      until: 'exit',
      command: [process.execPath, '-e', '0'],
    };
    const daemons = subjects.map(({ name, command }): Start => {
      const folder = place(name);
      const { configFile } = prepare(folder);
      return { name, folder, until: 'listening', command: [...command, '--config', configFile] };
    });
    const count = Math.max(1, Math.round(STARTS_A_ROUND * scale));
    const measure = async ({ folder, until, command }: Start) => {
      const printed = output(folder, [process.execPath, STARTS, String(count), until, ...command]);
      return percentile(JSON.parse(printed) as number[], 50);
    };
    const all = [bare, ...daemons];
    for (const one of all) await measure(one);
    const measured = await interleave(rounds, all, measure);
    const rows: Row[] = [];
    const marks: Mark[] = [];
    for (const [index, { name }] of all.entries()) {
      const own = measured[index] ?? [];
      rows.push({ subject: name, what: 'ms', figure: figureOf(own) });
      if (index === 0) continue;
      const ratio = figureOf(own.map((took, at) => took / (measured[0]?.[at] ?? Number.NaN)));
      rows.push({ subject: name, what: 'times node -e 0', figure: ratio });
      // The goal is for the shipped executable. A development build compiles its source at each start.
      if (name !== 'executable') continue;
      const goal = 'exec to listening, times node -e 0';
      marks.push({ subject: name, goal, value: ratio.median, limit: 1.75, better: 'less' });
    }
    return { rows, marks, notes: [] };
  },
};
