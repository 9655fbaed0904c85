/** Durable writes of many actors, grouped: what arrives within a few turns of the loop shares one transaction.
 *
 * A waiter goes on only after COMMIT returned, and with `synchronous=FULL` that is after the disk has it: its
 * promise is resolved nowhere else, so no reply can overtake its commit. */
import { DaemonError, messageOf } from '../errors.ts';
import { DatabaseTrouble, type LiveDatabase } from './live-database.ts';

/** A request takes some turns from its connection to its write. */
const IDLE_TURNS = 8;
const LONGEST_GATHERING_MS = 4;
const LARGEST_GROUP = 256;
const FIRST_RETRY_MS = 5;
const SLOWEST_LOCK_RETRY_MS = 25;
const SLOWEST_RETRY_MS = 500;

interface Waiter<T> {
  readonly work: (tables: T) => unknown;
  /** Time (ms, monotonic) after which it gives up; undefined: it never does. */
  readonly deadline: number | undefined;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: DaemonError) => void;
}

/** Hears of trouble when it begins and when its reason changes, and `undefined` when writes work again. */
export type TroubleListener = (trouble: string | undefined) => void;

/** Hears how long (ms) a transaction took that is on disk. */
export type CommitListener = (took: number) => void;

export class GroupCommit<T> {
  readonly #database: Pick<LiveDatabase<T>, 'transaction'>;
  readonly #onTrouble: TroubleListener;
  readonly #onCommit: CommitListener;
  #waiters: Waiter<T>[] = [];
  #gathering = false;
  #leisure: NodeJS.Timeout | undefined;
  #retry: NodeJS.Timeout | undefined;
  #retryMs = FIRST_RETRY_MS;
  #closed = false;
  #whenEmpty: (() => void)[] = [];
  #trouble: string | undefined;

  constructor(
    database: Pick<LiveDatabase<T>, 'transaction'>,
    onTrouble: TroubleListener = () => {},
    onCommit: CommitListener = () => {},
  ) {
    this.#database = database;
    this.#onTrouble = onTrouble;
    this.#onCommit = onCommit;
  }

  /** The last trouble, or undefined while commits work. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** Runs `work` in a transaction; resolves with its result once that is on disk. `patience` (ms): how long it
   * waits for a lock before it is refused; on any other trouble it is refused at once. Without it, it is kept.
   * `leisure` (ms): how long it may wait for a transaction that is made for others; for what nobody waits for. */
  commit<R>(work: (tables: T) => R, patience?: number, leisure = 0): Promise<R> {
    if (this.#closed) return Promise.reject(new DaemonError('STORE_UNAVAILABLE', 'it is closed'));
    const { promise, resolve, reject } = Promise.withResolvers<R>();
    const deadline = patience === undefined ? undefined : performance.now() + patience;
    this.#waiters.push({ work, deadline, resolve: resolve as Waiter<T>['resolve'], reject });
    // While the disk is in trouble nothing new waits for the next retry: it is tried now, and refused now.
    if (this.#retry === undefined || patience !== undefined) {
      if (leisure === 0 || this.#waiters.length >= LARGEST_GROUP) this.#gather();
      else this.#leisure ??= setTimeout(() => this.#gather(), leisure);
    }
    return promise;
  }

  /** Resolves when nothing waits. */
  drained(): Promise<void> {
    if (this.#waiters.length === 0) return Promise.resolve();
    if (this.#leisure !== undefined) this.#gather();
    return new Promise((resolve) => this.#whenEmpty.push(resolve));
  }

  /** Refuses what still waits, and everything that comes. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    clearTimeout(this.#leisure);
    for (const waiter of this.#waiters.splice(0)) {
      waiter.reject(new DaemonError('STORE_UNAVAILABLE', 'the daemon stops'));
    }
  }

  /** libuv accepts one connection a turn: only a wait over idle turns gathers several requests. */
  #gather(): void {
    clearTimeout(this.#leisure);
    this.#leisure = undefined;
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
    if (this.#closed) return;
    const group = this.#waiters.splice(0, LARGEST_GROUP);
    // In trouble an empty one asks whether it is over.
    if (group.length === 0 && this.#trouble === undefined) return;
    try {
      const begun = performance.now();
      const results = this.#database.transaction((tables) => group.map(({ work }) => work(tables)));
      this.#onCommit(performance.now() - begun);
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

  #succeeded(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    this.#retryMs = FIRST_RETRY_MS;
    this.#say(undefined);
  }

  #say(trouble: string | undefined): void {
    if (trouble === this.#trouble) return;
    this.#trouble = trouble;
    this.#onTrouble(trouble);
  }

  #failed(group: readonly Waiter<T>[], error: unknown): void {
    if (!(error instanceof DatabaseTrouble)) return this.#oneByOne(group, error);
    this.#say(error.message);
    // All are judged, also those that no group has room for: nobody may wait longer than he wants.
    const now = performance.now();
    const kept: Waiter<T>[] = [];
    for (const waiter of [...group, ...this.#waiters]) {
      const { deadline } = waiter;
      if (deadline === undefined || (error.busy && now < deadline)) kept.push(waiter);
      else waiter.reject(new DaemonError('STORE_UNAVAILABLE', error.message, error));
    }
    this.#waiters = kept;
    this.#retryLater(error.busy);
  }

  #retryLater(busy: boolean): void {
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.#flush();
    }, this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 2, busy ? SLOWEST_LOCK_RETRY_MS : SLOWEST_RETRY_MS);
  }

  /** A write that is wrong in itself fails alone. One that must not be lost is tried again later, also then: whoever
   * broke a table may mend it. */
  #oneByOne(group: readonly Waiter<T>[], error: unknown): void {
    const [only] = group;
    if (group.length === 1 && only) return this.#failedAlone(only, error);
    for (const [index, waiter] of group.entries()) {
      try {
        waiter.resolve(this.#database.transaction(waiter.work));
      } catch (cause) {
        if (cause instanceof DatabaseTrouble) return this.#failed(group.slice(index), cause);
        this.#failedAlone(waiter, cause);
      }
    }
  }

  #failedAlone(waiter: Waiter<T>, cause: unknown): void {
    if (waiter.deadline !== undefined) {
      waiter.reject(new DaemonError('STORE_UNAVAILABLE', messageOf(cause), cause));
      return;
    }
    this.#say(messageOf(cause));
    this.#waiters.push(waiter);
    this.#retryLater(false);
  }
}
