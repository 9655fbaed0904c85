import type { Figure } from './figures.ts';
import type { Load } from './load/load.ts';
import type { Subject } from './subjects.ts';

/** What a case may use. */
export interface Lab {
  /** Below it everything that the run makes; it is removed in the end. */
  readonly folder: string;
  /** How often each figure is measured. */
  readonly rounds: number;
  /** What a full run's number of requests is multiplied by. */
  readonly scale: number;
  readonly load: Load;
  /** The daemons to be measured: the development build, and the executable where there is one. */
  readonly subjects: readonly Subject[];
  /** A name for a folder that was not used yet. */
  place(name: string): string;
}

export interface Row {
  readonly subject: string;
  /** What was measured, with its unit. */
  readonly what: string;
  readonly figure: Figure;
}

/** A goal, held against what was measured. */
export interface Mark {
  readonly subject: string;
  readonly goal: string;
  readonly value: number;
  readonly limit: number;
  readonly better: 'more' | 'less';
}

export interface Findings {
  readonly rows: readonly Row[];
  readonly marks: readonly Mark[];
  /** What was left out, and why. */
  readonly notes: readonly string[];
}

export interface Case {
  readonly name: string;
  readonly about: string;
  readonly run: (lab: Lab) => Promise<Findings>;
}

export const isMet = ({ value, limit, better }: Mark): boolean =>
  better === 'more' ? value >= limit : value <= limit;

/** How near a goal was come to; 1 and above: it is met. */
export const nearness = ({ value, limit, better }: Mark): number => {
  if (value === limit) return 1;
  return better === 'more' ? value / limit : limit / value;
};

/** Rows of one subject from its figures by name. */
export function rowsOf(subject: string, figures: Readonly<Record<string, Figure>>): Row[] {
  return Object.entries(figures).map(([what, figure]) => ({ subject, what, figure }));
}

/** Measures each in turn, round after round, so that what the machine does beside falls on all alike. Gives the rounds
 * of each. */
export async function interleave<S, R>(
  rounds: number,
  subjects: readonly S[],
  measure: (subject: S, round: number) => Promise<R>,
): Promise<R[][]> {
  const measured: R[][] = subjects.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < subjects.length; turn++) {
      // Nobody is always the first, or always after the same one.
      const at = (turn + round) % subjects.length;
      measured[at]?.push(await measure(subjects[at] as S, round));
    }
  }
  return measured;
}
