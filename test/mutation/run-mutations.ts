/** Tries mutations, several at once, and says which test caught each. */
import { nameOf } from './mutation.ts';
import { type Planned, planned } from './plan.ts';
import { SURVIVORS } from './survivors.ts';
import { type Shared, Trial, type Verdict } from './trial.ts';
import { Turns } from './turns.ts';

export interface MutationOptions {
  /** Of which mutations, by name; all without it. */
  readonly only?: RegExp | undefined;
  readonly atOnce?: number;
  /** Hears each verdict as it comes. */
  readonly tell?: (verdict: Verdict) => void;
  readonly plan?: readonly Pick<Planned, 'mutation' | 'tests'>[];
}

export interface Figures {
  readonly verdicts: readonly Verdict[];
  /** Not caught, and not known not to be. */
  readonly survivors: readonly string[];
  /** Said to survive, and caught; or not there any more. */
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
