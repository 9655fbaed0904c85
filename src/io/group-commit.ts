/** Durable writes of many actors, grouped: what arrives within a few turns of the loop shares one transaction.
 *
 * A waiter goes on only after COMMIT returned, and with `synchronous=FULL` that is after the disk has it: its
 * promise is resolved nowhere else, so no reply can overtake its commit. */
import type Database from 'better-sqlite3';
import { DaemonError, messageOf } from '../errors.ts';

const IDLE_TURNS = 2;
const LONGEST_GATHERING_MS = 2;
const LARGEST_GROUP = 256;
const FIRST_RETRY_MS = 5;
const SLOWEST_RETRY_MS = 500;

/** Errors of the disk or of a lock: the same write may succeed later. */
const TROUBLE = /^SQLITE_(BUSY|LOCKED|FULL|IOERR|READONLY|CANTOPEN|NOMEM|PROTOCOL)/;

interface Waiter {
  readonly work: () => unknown;
  /** Time (ms since the epoch) after which it gives up; undefined: it never does. */
  readonly deadline: number | undefined;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: DaemonError) => void;
}

export class GroupCommit {
  readonly #database: Database.Database;
  readonly #begin: Database.Statement;
  readonly #commit: Database.Statement;
  #waiters: Waiter[] = [];
  #gathering = false;
  #retry: NodeJS.Timeout | undefined;
  #retryMs = FIRST_RETRY_MS;
  #closed = false;
  #whenEmpty: (() => void)[] = [];
  /** The last trouble, or undefined while commits work. */
  trouble: string | undefined;

  constructor(database: Database.Database) {
    this.#database = database;
    this.#begin = database.prepare('BEGIN IMMEDIATE');
    this.#commit = database.prepare('COMMIT');
  }

  /** Runs `work` in a transaction; resolves with its result once that is on disk. `patience` (ms): how long it
   * waits for a lock before it is refused; on any other trouble it is refused at once. Without it, it is kept. */
  commit<T>(work: () => T, patience?: number): Promise<T> {
    if (this.#closed) return Promise.reject(new DaemonError('STORE_UNAVAILABLE', 'it is closed'));
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const deadline = patience === undefined ? undefined : Date.now() + patience;
    this.#waiters.push({ work, deadline, resolve: resolve as Waiter['resolve'], reject });
    if (this.#retry === undefined) this.#gather();
    return promise;
  }

  /** Resolves when nothing waits. */
  drained(): Promise<void> {
    if (this.#waiters.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenEmpty.push(resolve));
  }

  /** Refuses what still waits, and everything that comes. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    for (const waiter of this.#waiters.splice(0)) {
      waiter.reject(new DaemonError('STORE_UNAVAILABLE', 'the daemon stops'));
    }
  }

  /** libuv accepts one connection a turn: only a wait over idle turns gathers several requests. */
  #gather(): void {
    if (this.#gathering) return;
    this.#gathering = true;
    const started = performance.now();
    let seen = this.#waiters.length;
    let idle = 0;
    const turn = () => {
      const waiting = this.#waiters.length;
      idle = waiting === seen ? idle + 1 : 0;
      seen = waiting;
      const late = performance.now() - started >= LONGEST_GATHERING_MS;
      if (idle < IDLE_TURNS && waiting < LARGEST_GROUP && !late) return void setImmediate(turn);
      this.#gathering = false;
      this.#flush();
    };
    setImmediate(turn);
  }

  #flush(): void {
    const group = this.#waiters.splice(0, LARGEST_GROUP);
    if (group.length === 0) return;
    try {
      const results = this.#transaction(group);
      this.#succeeded();
      group.forEach((waiter, index) => {
        waiter.resolve(results[index]);
      });
    } catch (error) {
      this.#failed(group, error);
    }
    if (this.#waiters.length > 0 && this.#retry === undefined) this.#gather();
    if (this.#waiters.length === 0) for (const resolve of this.#whenEmpty.splice(0)) resolve();
  }

  #transaction(group: readonly Waiter[]): unknown[] {
    this.#begin.run();
    try {
      const results = group.map(({ work }) => work());
      this.#commit.run();
      return results;
    } catch (error) {
      // A full disk has rolled back already.
      if (this.#database.inTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  #succeeded(): void {
    this.trouble = undefined;
    this.#retryMs = FIRST_RETRY_MS;
  }

  #failed(group: Waiter[], error: unknown): void {
    const code = (error as { code?: string }).code ?? '';
    if (!TROUBLE.test(code)) return this.#oneByOne(group, error);
    this.trouble = `${code}: ${messageOf(error)}`;
    const busy = /^SQLITE_(BUSY|LOCKED)/.test(code);
    const now = Date.now();
    const kept: Waiter[] = [];
    for (const waiter of group) {
      const patient = waiter.deadline === undefined || (busy && now < waiter.deadline);
      if (patient) kept.push(waiter);
      else waiter.reject(new DaemonError('STORE_UNAVAILABLE', messageOf(error), error));
    }
    this.#waiters.unshift(...kept);
    if (this.#waiters.length === 0 || this.#closed) return;
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.#flush();
    }, this.#retryMs);
    const slowest = busy ? FIRST_RETRY_MS * 5 : SLOWEST_RETRY_MS;
    this.#retryMs = Math.min(this.#retryMs * 2, slowest);
  }

  /** A write that is wrong in itself fails alone. */
  #oneByOne(group: Waiter[], error: unknown): void {
    const [only] = group;
    if (group.length === 1 && only) {
      only.reject(new DaemonError('STORE_UNAVAILABLE', messageOf(error), error));
      return;
    }
    for (const [index, waiter] of group.entries()) {
      try {
        const [result] = this.#transaction([waiter]);
        waiter.resolve(result);
      } catch (cause) {
        const code = (cause as { code?: string }).code ?? '';
        if (TROUBLE.test(code)) return this.#failed(group.slice(index), cause);
        waiter.reject(new DaemonError('STORE_UNAVAILABLE', messageOf(cause), cause));
      }
    }
  }
}
