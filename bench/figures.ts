/** A quantity that was measured several times: its median, and the range of the rounds. */
export interface Figure {
  readonly median: number;
  /** The smallest and the largest of the rounds. */
  readonly low: number;
  readonly high: number;
  readonly rounds: number;
}

export function figureOf(samples: readonly number[]): Figure {
  const sorted = samples.toSorted((a, b) => a - b);
  return {
    median: quantile(sorted, 0.5),
    low: sorted[0] ?? Number.NaN,
    high: sorted.at(-1) ?? Number.NaN,
    rounds: sorted.length,
  };
}

/** Interpolates between values in ascending order. */
export function quantile(sorted: readonly number[], share: number): number {
  const at = (sorted.length - 1) * share;
  const below = sorted[Math.floor(at)] ?? Number.NaN;
  const above = sorted[Math.ceil(at)] ?? Number.NaN;
  return below + (above - below) * (at - Math.floor(at));
}

export function percentile(samples: readonly number[], percent: number): number {
  return quantile(
    samples.toSorted((a, b) => a - b),
    percent / 100,
  );
}

/** Returns the figures of the rounds, by name. */
export function figuresOf(rounds: readonly Readonly<Record<string, number>>[]): Record<string, Figure> {
  const names = [...new Set(rounds.flatMap((round) => Object.keys(round)))];
  return Object.fromEntries(
    names.map((name) => [
      name,
      figureOf(rounds.map((round) => round[name]).filter((value) => value !== undefined)),
    ]),
  );
}
