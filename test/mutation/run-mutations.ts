/** Tries mutations, several at once, and reports which test caught each. */
import { nameOf } from './mutation.ts';
import { type Planned, planned } from './plan.ts';
import { SURVIVORS } from './survivors.ts';
import { type Shared, Trial, type Verdict } from './trial.ts';
import { Turns } from './turns.ts';

export interface MutationOptions {
  /** A pattern for the names of mutations. By default all are tried. */
  readonly only?: RegExp | undefined;
  readonly atOnce?: number;
  /** Called with each verdict. */
  readonly tell?: (verdict: Verdict) => void;
  readonly plan?: readonly Pick<Planned, 'mutation' | 'tests'>[];
}

export interface Figures {
  readonly verdicts: readonly Verdict[];
  /** Mutations that were not caught, and are not known to survive. */
  readonly survivors: readonly string[];
  /** Mutations that are listed as survivors, but were caught or no longer exist. */
  readonly falseSurvivors: readonly string[];
}

export async function runMutations({
  only = /./,
  atOnce = 1,
  tell = () => {},
  plan = planned(),
}: MutationOptions = {}): Promise<Figures> {
  const chosen = plan.filter(({ mutation }) => only.test(nameOf(mutation)));
  const verdicts: Verdict[] = [];
  const shared: Shared = { sound: new Set(), turns: new Turns() };
  const left = chosen.values();
  const worker = async () => {
    const trial = new Trial(shared);
    try {
      for (const { mutation, tests } of left) {
        const verdict = await trial.judge(mutation, tests);
        verdicts.push(verdict);
        tell(verdict);
      }
    } finally {
      trial.end();
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, chosen.length) }, worker));
  const surviving = (verdict: Verdict) => verdict.caughtBy === undefined;
  const names = (some: readonly Verdict[]) => some.map(({ mutation }) => nameOf(mutation));
  const caught = names(verdicts.filter((verdict) => !surviving(verdict)));
  const known = new Set(planned().map(({ mutation }) => nameOf(mutation)));
  return {
    verdicts,
    survivors: names(verdicts.filter(surviving)).filter((name) => !(name in SURVIVORS)),
    falseSurvivors: Object.keys(SURVIVORS).filter((name) => caught.includes(name) || !known.has(name)),
  };
}
