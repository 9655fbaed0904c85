/** Judges one mutation: runs the relevant tests until one fails. */

/** The result of one test file. */
export interface Run {
  /** `late`: it did not end in time. `unstarted`: it ended without reporting any test. */
  readonly end: 'passed' | 'failed' | 'late' | 'unstarted';
  /** The first failing test, or the output if there is none. */
  readonly said: string;
}

export interface RunOptions {
  readonly mutated: boolean;
  /** Without any other test at the same time. */
  readonly alone: boolean;
}

export type RunTest = (test: string, options: RunOptions) => Promise<Run>;

export interface Fate {
  /** `test/machines/daemon/machine.test.ts: <title>`, or undefined if no test noticed. */
  readonly caughtBy: string | undefined;
  /** The end of the test that caught it. Only `failed` means that a test has reported what is wrong. */
  readonly end: Run['end'];
}

/** `sound` records the test files that pass without a mutation. Throws if a failing test also fails without it. */
export async function judge(tests: readonly string[], run: RunTest, sound: Set<string>): Promise<Fate> {
  for (const test of tests) {
    let { end, said } = await run(test, { mutated: true, alone: false });
    // A busy machine can make any test late, so an end without a report has to occur twice.
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
