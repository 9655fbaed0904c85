import { mkdirSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { join } from 'node:path';
import type { Findings, Lab } from './case.ts';
import { CASES } from './cases.ts';
import { Load } from './load/load.ts';
import { atCommit, development, executable, type Subject } from './subjects.ts';

export interface BenchOptions {
  readonly folder: string;
  /** The names of cases, or undefined for all. */
  readonly only: readonly string[] | undefined;
  readonly rounds: number;
  readonly scale: number;
  /** The path of the executable, if it was built. */
  readonly executable: string;
  /** A commit whose daemon is measured in the same run. */
  readonly against: string | undefined;
  /** Called before the first case, and after each. */
  readonly begun: (head: Omit<Report, 'cases'>) => void;
  readonly measured: (one: MeasuredCase) => void;
}

export interface Report {
  readonly at: string;
  readonly machine: {
    readonly cpus: number;
    readonly model: string;
    readonly kernel: string;
    readonly node: string;
  };
  readonly rounds: number;
  readonly notes: readonly string[];
  readonly cases: readonly MeasuredCase[];
}

export interface MeasuredCase extends Findings {
  readonly name: string;
  readonly about: string;
}

export async function runBench(options: BenchOptions): Promise<Report> {
  const { folder, only, rounds, scale } = options;
  const unknown = only?.find((name) => !CASES.some((one) => one.name === name));
  if (unknown !== undefined) {
    throw new Error(`no case is called ${unknown}; there are ${CASES.map(({ name }) => name).join(', ')}`);
  }
  const shipped = executable(options.executable);
  const notes = shipped ? [] : [`The executable is left out: there is none at ${options.executable}.`];
  let made = 0;
  const place = (name: string) => {
    const path = join(folder, `${++made}-${name.replaceAll(' ', '-')}`);
    mkdirSync(path);
    return path;
  };
  const load = new Load();
  const earlier = options.against === undefined ? undefined : daemonAt(options.against, folder);
  const subjects = [development(), shipped, earlier].filter((subject) => subject !== undefined);
  const lab: Lab = { folder, rounds, scale, load, subjects, place };
  const cases: MeasuredCase[] = [];
  const head = { at: new Date().toISOString(), machine: machine(), rounds, notes };
  options.begun(head);
  try {
    for (const { name, about, run } of CASES) {
      if (only && !only.includes(name)) continue;
      const one = { name, about, ...(await run(lab)) };
      cases.push(one);
      options.measured(one);
    }
  } finally {
    load.stop();
  }
  return { ...head, cases };
}

function daemonAt(commit: string, folder: string): Subject {
  const found = atCommit(`at ${commit}`, commit, folder);
  if (!found) throw new Error(`this clone has no commit ${commit}`);
  return found;
}

function machine(): Report['machine'] {
  const all = cpus();
  return {
    cpus: all.length,
    model: all[0]?.model ?? 'unknown',
    kernel: release(),
    node: process.versions.node,
  };
}
