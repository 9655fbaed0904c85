import type { Figure } from './figures.ts';
import type { Load } from './load/load.ts';
import type { Subject } from './subjects.ts';

/** The resources of a case. */
export interface Lab {
  /** The parent of everything that the run creates. It is removed at the end. */
  readonly folder: string;
  /** The number of measurements of each figure. */
  readonly rounds: number;
  /** The factor for the number of requests of a full run. */
  readonly scale: number;
  readonly load: Load;
  /** The measured daemons: the development build, and the executable if it exists. */
  readonly subjects: readonly Subject[];
  /** Returns the name of a new directory. */
  place(name: string): string;
}

export interface Row {
  readonly subject: string;
  /** The measured quantity, with its unit. */
  readonly what: string;
  readonly figure: Figure;
}

/** A goal, and the measured value. */
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
  /** The omitted measurements, with the reasons. */
  readonly notes: readonly string[];
}

export interface Case {
  readonly name: string;
  readonly about: string;
  readonly run: (lab: Lab) => Promise<Findings>;
}

export const isMet = ({ value, limit, better }: Mark): boolean =>
  better === 'more' ? value >= limit : value <= limit;

/** Returns how nearly a goal is reached. It is met from 1 on. */
export const nearness = ({ value, limit, better }: Mark): number => {
  if (value === limit) return 1;
  return better === 'more' ? value / limit : limit / value;
};

/** Returns the rows of one subject from its figures by name. */
export function rowsOf(subject: string, figures: Readonly<Record<string, Figure>>): Row[] {
  return Object.entries(figures).map(([what, figure]) => ({ subject, what, figure }));
}

/** Measures the subjects in turn, round after round, so that other load of the machine affects all alike. Returns the
 * rounds of each. */
export async function interleave<S, R>(
  rounds: number,
  subjects: readonly S[],
  measure: (subject: S, round: number) => Promise<R>,
): Promise<R[][]> {
  const measured: R[][] = subjects.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < subjects.length; turn++) {
      // No subject is always the first, or always after the same one.
      const at = (turn + round) % subjects.length;
      measured[at]?.push(await measure(subjects[at] as S, round));
    }
  }
  return measured;
}
