/** Which paths are not walked with a real daemon, and why. The reasons are a table, so that no path is left out
 * silently. A test checks that each reason still leaves out a path. */
import type { Path } from '../driver/paths.ts';

export interface Reason {
  /** The subject of the reason, in words. */
  readonly what: string;
  readonly why: string;
  /** `stages`: the stage of the path before each of its events. */
  readonly concerns: (path: Path, stages: readonly string[]) => boolean;
}

export const CALLBACK = 'the part is a callback that catches what goes wrong in it: it has no way to fail';

export const TWO_DRAINS: Reason = {
  what: 'two drains',
  why: 'a second signal ends the daemon at once',
  concerns: ({ events }) => events.filter((event) => event === 'the daemon drains').length > 1,
};

/** Each of these events in each of these stages. */
export type Row = readonly [stages: readonly string[], events: readonly string[], why: string];

export function inStages(...rows: readonly Row[]): Reason[] {
  return rows.flatMap(([stages, events, why]) =>
    stages.flatMap((stage) =>
      events.map((event) => ({ what: `${stage} → (${event})`, why, concerns: meets(stage, event) })),
    ),
  );
}

export const meets =
  (stage: string, event: string): Reason['concerns'] =>
  ({ events }, stages) =>
    events.some((one, index) => one === event && stages[index] === stage);

export interface Choice {
  readonly paths: readonly Path[];
  /** The number of paths that end like one of the chosen ones. */
  readonly merged: number;
  readonly leftOut: readonly { readonly path: Path; readonly reasons: readonly Reason[] }[];
}

/** Of paths that lead to the same end by themselves, chooses the longest. Long paths come first, since they walk
 * more. `end`: the end of a path. */
export function choose(
  all: readonly Path[],
  reasons: readonly Reason[],
  stagesOf: (path: Path) => readonly string[],
  end: (path: Path) => readonly string[],
): Choice {
  const judged = all.map((path) => {
    const stages = stagesOf(path);
    return { path, reasons: reasons.filter(({ concerns }) => concerns(path, stages)) };
  });
  const leftOut = judged.filter((one) => one.reasons.length > 0);
  const found = new Map<string, Path>();
  for (const { path } of judged.filter((one) => one.reasons.length === 0)) {
    const key = [path.start, ...end(path)].join(' → ');
    const known = found.get(key);
    if (!known || known.events.length < path.events.length) found.set(key, path);
  }
  const paths = [...found.values()].sort((one, other) => other.events.length - one.events.length);
  return { paths, merged: all.length - leftOut.length - paths.length, leftOut };
}
