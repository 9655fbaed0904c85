import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** Clients that each send one request after the other until all are sent. */
export interface Job {
  readonly socket: string;
  readonly clients: number;
  readonly requests: number;
  readonly halfClose: boolean;
  /** The request, in which `%n` stands for its number. */
  readonly template: string;
  /** The number of the first request. */
  readonly first: number;
}

export interface Run {
  readonly begunAt: number;
  readonly endedAt: number;
  /** The milliseconds of each request. */
  readonly latencies: readonly number[];
  /** The number of replies by code; `none` is a missing reply. */
  readonly codes: Readonly<Record<string, number>>;
}

/** The handle of the load generator. */
export class Load {
  readonly #process: ChildProcess;
  readonly #ended: Promise<never>;
  #next = 1;

  constructor() {
    this.#process = fork(join(import.meta.dirname, 'clients.ts'), { serialization: 'advanced' });
    this.#ended = once(this.#process, 'exit').then(() =>
      Promise.reject(new Error('the load generator ended')),
    );
    this.#ended.catch(() => {});
  }

  /** Throws unless every reply has the expected code, since the figure would be meaningless. */
  async run(job: Omit<Job, 'first'>, expected: number): Promise<Run> {
    const first = this.#next;
    this.#next += job.requests;
    const answered = new Promise<Run>((resolve) =>
      this.#process.once('message', resolve as (run: unknown) => void),
    );
    this.#process.send({ ...job, first });
    const run = await Promise.race([answered, this.#ended]);
    if (run.codes[expected] !== job.requests) {
      throw new Error(`${JSON.stringify(run.codes)} instead of ${job.requests} times ${expected}`);
    }
    return run;
  }

  stop(): void {
    this.#process.kill();
  }
}

export const perSecond = (requests: number, run: Run, endedAt = run.endedAt): number =>
  (requests / (endedAt - run.begunAt)) * 1_000;
