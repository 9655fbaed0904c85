/** Measures daemons and a floor in turns, and compares them round by round. */
import { type Findings, interleave, type Lab, type Mark, type Row, rowsOf } from './case.ts';
import { figuresOf } from './figures.ts';
import { type FloorMode, startFloor } from './floors.ts';
import { type Running, stopAll } from './subjects.ts';

/** The measurements of one round, by name. */
export type Round = Readonly<Record<string, number>>;

export interface Beside {
  readonly floor: FloorMode;
  readonly measure: (one: Running, isFloor: boolean) => Promise<Round>;
  /** By name: the figure that is divided by the floor's figure of the same round. */
  readonly shares?: Readonly<Record<string, string>>;
  /** `what`: the figure or the share. */
  readonly goals: readonly (Pick<Mark, 'goal' | 'limit' | 'better'> & { readonly what: string })[];
}

/** The first round of each is a warm-up, and does not count. */
export async function besideFloor(lab: Lab, { floor, measure, shares, goals }: Beside): Promise<Findings> {
  const { place, rounds, subjects } = lab;
  const lowest: Running = await startFloor(floor, place('floor'));
  const daemons = await Promise.all(subjects.map((subject) => subject.start(place(subject.name))));
  const all = [lowest, ...daemons];
  const one = (running: Running) => measure(running, running === lowest);
  for (const running of all) await one(running);
  const [floors = [], ...measured] = await interleave(rounds, all, one);
  await stopAll(all);
  const rows: Row[] = rowsOf(lowest.name, figuresOf(floors));
  const marks: Mark[] = [];
  for (const [index, { name }] of daemons.entries()) {
    const own = (measured[index] ?? []).map((round, at) => ({
      ...round,
      ...sharesOf(round, floors[at] ?? {}, shares ?? {}),
    }));
    const figures = figuresOf(own);
    rows.push(...rowsOf(name, figures));
    for (const { what, ...goal } of goals) {
      marks.push({ subject: name, ...goal, value: figures[what]?.median ?? Number.NaN });
    }
  }
  return { rows, marks, notes: [] };
}

/** Within a round, other load of the machine affects both. */
function sharesOf(round: Round, floor: Round, shares: Readonly<Record<string, string>>): Round {
  return Object.fromEntries(
    Object.entries(shares).map(([name, what]) => [
      name,
      (round[what] ?? Number.NaN) / (floor[what] ?? Number.NaN),
    ]),
  );
}
