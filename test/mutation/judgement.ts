/** What becomes of one mutation: the tests that matter are run until one fails. */

/** What came of running one test file. */
export interface Run {
  /** `late`: it did not come to an end in time. `unstarted`: it ended without a word about any test. */
  readonly end: 'passed' | 'failed' | 'late' | 'unstarted';
  /** The first test that failed, or what it said instead. */
  readonly said: string;
}

export interface RunOptions {
  readonly mutated: boolean;
  /** With nothing beside it. */
  readonly alone: boolean;
}

export type RunTest = (test: string, options: RunOptions) => Promise<Run>;

export interface Fate {
  /** `test/machines/daemon/machine.test.ts: a signal during the start stops it`; undefined: no test noticed. */
  readonly caughtBy: string | undefined;
  /** How the test that caught it ended; only `failed` is a test that said what is wrong. */
  readonly end: Run['end'];
}

/** `sound` remembers which test files pass without a mutation. Throws where a test that fails does so without it, too. */
export async function judge(tests: readonly string[], run: RunTest, sound: Set<string>): Promise<Fate> {
  for (const test of tests) {
    let { end, said } = await run(test, { mutated: true, alone: false });
    // A machine that has much else to do makes any test late: what has no word for it has to happen twice.
    const isWordless = end === 'late' || end === 'unstarted';
    if (isWordless) ({ end, said } = await run(test, { mutated: true, alone: true }));
    if (end === 'passed') continue;
    if (isWordless || !sound.has(test)) await assertSound(test, run, isWordless);
    sound.add(test);
    return { caughtBy: `${test}: ${said}`, end };
  }
  return { caughtBy: undefined, end: 'passed' };
}

async function assertSound(test: string, run: RunTest, alone: boolean): Promise<void> {
  const { end, said } = await run(test, { mutated: false, alone });
  if (end !== 'passed') throw new Error(`${test} fails without a mutation: ${said}`);
}
