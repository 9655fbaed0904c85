import { mkdirSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { join } from 'node:path';
import type { Findings, Lab } from './case.ts';
import { CASES } from './cases.ts';
import { Load } from './load/load.ts';
import { atCommit, development, executable, type Subject } from './subjects.ts';

export interface BenchOptions {
  readonly folder: string;
  /** Names of cases; undefined: all. */
  readonly only: readonly string[] | undefined;
  readonly rounds: number;
  readonly scale: number;
  /** Where the executable is, if it was built. */
  readonly executable: string;
  /** A commit whose daemon is measured beside today's. */
  readonly against: string | undefined;
  readonly tell: (line: string) => void;
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
  readonly cases: readonly ({ readonly name: string; readonly about: string } & Findings)[];
}

export async function runBench(options: BenchOptions): Promise<Report> {
  const { folder, only, rounds, scale, tell } = options;
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
  const cases: Report['cases'][number][] = [];
  try {
    for (const { name, about, run } of CASES) {
      if (only && !only.includes(name)) continue;
      tell(`${name}: ${about}`);
      cases.push({ name, about, ...(await run(lab)) });
    }
  } finally {
    load.stop();
  }
  return { at: new Date().toISOString(), machine: machine(), rounds, notes, cases };
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
