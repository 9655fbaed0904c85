/** Lets fast-check generate sequences of steps, run each against a real daemon, and shrink a failing one. */
import fc from 'fast-check';
import type { Program } from '../../support/daemon.ts';
import { ContractModel } from './contract-model.ts';
import { RealWorld } from './real-world.ts';
import * as steps from './steps.ts';

export interface ModelOptions {
  readonly seed: number;
  readonly runs: number;
  /** The path that a failure has reported. The run begins with the sequence that failed. */
  readonly path?: string | undefined;
  /** The program that runs as the daemon. */
  readonly program?: Program;
  /** Called with each sequence that was run. */
  readonly tell?: (sequence: string) => void;
}

export interface Finding {
  readonly runs: number;
  readonly steps: number;
  /** The shortest failing sequence in words, or undefined if none fails. */
  readonly failure: string | undefined;
  /** The path that reproduces it. */
  readonly path: string | undefined;
}

const LONGEST = 30;
const CLIENTS = 3;

const client = fc.nat(CLIENTS - 1);
const folder = fc.nat(5);
const wish: fc.Arbitrary<steps.Wish> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('delete' as const), folder }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('cleanup' as const),
      folders: fc.option(fc.array(folder, { maxLength: 3 })),
    }),
  },
  { weight: 3, arbitrary: fc.constant({ kind: 'update' as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('bad' as const), which: fc.nat(50) }) },
);

const STEPS: readonly (readonly [weight: number, step: fc.Arbitrary<steps.Step>])[] = [
  [4, fc.constantFrom(0, 3, 300).map(steps.put)],
  [4, wish.map(steps.ask)],
  [4, fc.tuple(client, wish).map(([one, what]) => steps.send(one, what))],
  [2, fc.tuple(client, wish).map(([one, what]) => steps.begin(one, what))],
  [4, client.map(steps.hearOut)],
  [1, client.map(steps.leave)],
  [1, fc.constant(steps.settle())],
  [1, fc.constant(steps.kill())],
  [1, fc.constant(steps.stop())],
  [2, fc.constant(steps.start())],
];

/** fast-check takes each entry of the list equally often. */
const weighted = STEPS.flatMap(([weight, step]) => Array.from({ length: weight }, () => step));

/** The two parts of a path: the sequence, and the steps of it that were taken. */
const parted = (path: string | undefined) => path?.split('@') ?? [];

export async function runModel({
  seed,
  runs,
  path,
  program = {},
  tell = () => {},
}: ModelOptions): Promise<Finding> {
  const [where, which] = parted(path);
  const sequences = fc.commands(weighted, {
    maxCommands: LONGEST,
    size: 'max',
    ...(which === undefined ? {} : { replayPath: which }),
  });
  let taken = 0;
  let last = '';
  const property = fc.asyncProperty(sequences, async (sequence) => {
    const real = await RealWorld.begin(program);
    const model = new ContractModel(real.at);
    try {
      await fc.asyncModelRun(() => ({ model, real }), sequence);
      await comeToRest(model, real);
    } finally {
      await real.end();
      last = String(sequence);
      taken += last === '' ? 0 : last.split(',').length;
      tell(last);
    }
  });
  const result = await fc.check(property, {
    seed,
    numRuns: path === undefined ? runs : 1,
    endOnFailure: path !== undefined,
    ...(where === undefined ? {} : { path: where }),
  });
  return { runs: result.numRuns, steps: taken, ...failureOf(result) };
}

async function comeToRest(model: ContractModel, real: RealWorld): Promise<void> {
  for (const last of [...[...model.clients.keys()].map(steps.leave), steps.start(), steps.settle()]) {
    if (await last.check(model)) await last.run(model, real);
  }
}

function failureOf(result: fc.RunDetails<[Iterable<steps.Step>]>): Pick<Finding, 'failure' | 'path'> {
  if (!result.failed || result.counterexample === null) return { failure: undefined, path: undefined };
  const [sequence] = result.counterexample;
  const [words, which] = partsOf(String(sequence));
  const error = result.errorInstance;
  const what = error instanceof Error ? error.message : String(error);
  return {
    failure: `${words === '' ? 'nothing' : words}, ${what}`,
    path: `${result.counterexamplePath}@${which}`,
  };
}

/** Splits the words of a sequence from the replay path that fast-check appends. */
function partsOf(sequence: string): [words: string, which: string] {
  const [, words = '', which = ''] = /^(.*?)(?:\s*\/\*replayPath="(.*)"\*\/)?$/s.exec(sequence) ?? [];
  return [words.split(',').join(' → '), which];
}
