/** Tries one mutation: applies it in a copy of the tree, and runs the relevant tests until one fails. */
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { jailedTests, type Place } from './jail.ts';
import { type Fate, judge, type Run, type RunOptions } from './judgement.ts';
import { apply, type Mutation } from './mutation.ts';
import type { Turns } from './turns.ts';

const PROJECT = join(import.meta.dirname, '..', '..');
const COPIED = ['src', 'test', 'docs', 'config', 'systemd', 'package.json', 'README.md'];

export interface Verdict extends Fate {
  readonly mutation: Mutation;
  readonly seconds: number;
}

/** The seconds that a test file may take. */
const LIMIT = 300;
/** The seconds of a test file that uses no other process. */
const SHORT_LIMIT = 60;
const SHORT = /^test\/unit\//;

/** The state that concurrent trials share. */
export interface Shared {
  /** Test files that are known to pass without a mutation. */
  readonly sound: Set<string>;
  readonly turns: Turns;
}

/** Returns the path of the running Node inside the jail, which shows only the copy of the project. */
const nodeIn = (tree: string) =>
  process.execPath.startsWith(`${PROJECT}/`)
    ? join(tree, relative(PROJECT, process.execPath))
    : process.execPath;

/** A copy of the tree, for one mutant after the other. */
export class Trial {
  readonly #place: Place;
  readonly #folder: string;
  readonly #shared: Shared;
  readonly #node: string;

  constructor(shared: Shared) {
    this.#folder = mkdtempSync(join(realpathSync(tmpdir()), 'dbcalm-cmd-mutant-'));
    this.#place = { tree: join(this.#folder, 'tree'), tmp: join(this.#folder, 'tmp') };
    this.#shared = shared;
    this.#node = nodeIn(this.#place.tree);
    process.once('exit', this.#remove);
    for (const folder of [this.#place.tmp, join(this.#place.tree, 'node_modules')]) {
      mkdirSync(folder, { recursive: true });
    }
    for (const name of COPIED) cpSync(join(PROJECT, name), join(this.#place.tree, name), { recursive: true });
  }

  /** Throws if a failing test also fails without the mutation. */
  async judge(mutation: Mutation, tests: readonly string[]): Promise<Verdict> {
    const begun = performance.now();
    const file = join(this.#place.tree, mutation.file);
    const source = readFileSync(file, 'utf8');
    const { sound, turns } = this.#shared;
    const run = async (test: string, { mutated, alone }: RunOptions) => {
      const work = async () => {
        if (mutated) writeFileSync(file, apply(source, mutation));
        const ran = await this.#run(test);
        writeFileSync(file, source);
        return ran;
      };
      return alone ? turns.alone(work) : turns.together(work);
    };
    const fate = await judge(tests, run, sound);
    return { mutation, ...fate, seconds: Math.round((performance.now() - begun) / 1_000) };
  }

  end(): void {
    process.off('exit', this.#remove);
    this.#remove();
  }

  readonly #remove = () => {
    this.#clean();
    rmSync(this.#folder, { recursive: true, force: true });
  };

  async #run(test: string): Promise<Run> {
    const node = [this.#node, '-r', './src/pinned-node.cjs', '--conditions=development', '--expose-gc'];
    const [file, ...words] = jailedTests(this.#place, PROJECT, [...node, test]) as [string, ...string[]];
    const { NODE_V8_COVERAGE: _, NODE_TEST_CONTEXT: __, ...env } = process.env;
    const child = spawn(file, words, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (piece: string) => {
        said += piece;
        // The first failure is sufficient.
        if (/^✖ |^not ok /m.test(said)) child.kill('SIGKILL');
      });
    }
    let late = false;
    const timer = setTimeout(
      () => {
        late = true;
        child.kill('SIGKILL');
      },
      1_000 * (SHORT.test(test) ? SHORT_LIMIT : LIMIT),
    );
    const code = await new Promise((resolve) => child.on('close', resolve));
    clearTimeout(timer);
    this.#clean();
    if (code === 0) return { end: 'passed', said: '' };
    if (late) return { end: 'late', said: 'does not come to an end' };
    const failed = /^(?:✖|not ok \d+ -) (.+?)(?: \([\d.]+ms\))?$/m.exec(said)?.[1];
    if (failed !== undefined) return { end: 'failed', said: failed };
    return { end: 'unstarted', said: `does not start: ${said.trim().slice(-300)}` };
  }

  /** Removes the remains of an aborted test, also if it has made them immutable. */
  #clean(): void {
    try {
      execFileSync('chattr', ['-R', '-f', '-i', this.#place.tmp], { stdio: 'ignore' });
    } catch {
      // Not every file system has this attribute.
    }
    rmSync(this.#place.tmp, { recursive: true, force: true });
    mkdirSync(this.#place.tmp);
  }
}
