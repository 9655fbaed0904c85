import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import type { Layout } from './daemon.ts';
import { jailed } from './jail.ts';
import { programWords, surroundings } from './program.ts';
import { until } from './until.ts';

/** The verbs without a config. */
const FREE = ['machines', 'completion'];

/** Returns the command as it must be run. */
export function commandOf(at: Layout, verb: string, ...args: readonly string[]) {
  const words = [verb, ...(FREE.includes(verb) ? [] : ['--config', at.configFile]), ...args];
  return jailed(at.folder, [...programWords(), ...words]) as [string, ...string[]];
}

/** Runs a verb to its end. */
export function verb(at: Layout, name: string, ...args: string[]) {
  const [file, ...words] = commandOf(at, name, ...args);
  const { status, stdout, stderr } = spawnSync(file, words, { ...surroundings(), encoding: 'utf8' });
  return { status, stdout, stderr, json: () => JSON.parse(stdout) };
}

/** A verb that runs until it is stopped. */
export class RunningVerb {
  stdout = '';
  stderr = '';
  readonly exited: Promise<number | null>;
  readonly #child: ChildProcess;

  constructor(t: TestContext, at: Layout, name: string, ...args: string[]) {
    const [file, ...words] = commandOf(at, name, ...args);
    this.#child = spawn(file, words, { ...surroundings(), stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child.stdout?.on('data', (piece: Buffer) => {
      this.stdout += piece;
    });
    this.#child.stderr?.on('data', (piece: Buffer) => {
      this.stderr += piece;
    });
    this.exited = new Promise((resolve) => this.#child.on('close', resolve));
    t.after(() => this.#child.kill('SIGKILL'));
  }

  says(pattern: RegExp): Promise<unknown> {
    return until(`${pattern} in ${JSON.stringify(this.stdout)}`, () => pattern.test(this.stdout));
  }

  /** Sends a signal to the verb itself, which may be a child of its jail. */
  signal(signal: NodeJS.Signals): void {
    process.kill(innermost(this.#child.pid as number), signal);
  }

  lines(): Record<string, unknown>[] {
    return this.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
  }
}

/** Returns the pid of the program itself, if `pid` is that of its jail. */
export function innermost(pid: number): number {
  let found = pid;
  for (let child: number | undefined = pid; child !== undefined; child = childOf(found)) found = child;
  return found;
}

function childOf(pid: number): number | undefined {
  const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
  return child === undefined ? undefined : Number(child);
}
