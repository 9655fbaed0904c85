/** Durable writes of many actors, grouped: writes that arrive within a few event-loop turns share one transaction.
 *
 * A waiter goes on only after COMMIT returned, and with `synchronous=FULL` that is after the disk has it: its
 * promise is resolved nowhere else, so no reply can overtake its commit. */
import { DaemonError, messageOf } from '../../errors.ts';
import { ProjectionFailed } from './journaled-database.ts';
import { SharedTrouble } from './projection.ts';
import { DatabaseTrouble } from './reopening-database.ts';

/** A request takes some turns from its connection to its write. */
const IDLE_TURNS = 8;
const LONGEST_GATHERING_MS = 4;
const LARGEST_GROUP = 256;
const FIRST_RETRY_MS = 5;
/** Longer than changes of shared rows wait for each other. */
const FIRST_SHARED_RETRY_MS = 11;
const SLOWEST_LOCK_RETRY_MS = 25;
const SLOWEST_RETRY_MS = 500;

interface Waiter<T> {
  readonly work: (tables: T) => unknown;
  readonly revoke: ((tables: T, result: unknown) => void) | undefined;
  /** Time (ms, monotonic) after which it gives up; undefined: it never does. */
  readonly deadline: number | undefined;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: DaemonError) => void;
}

export interface CommitOptions<T, R> {
  /** How long (ms) it waits for a lock before it is refused; on any other trouble it is refused at once. Without it, it is kept. */
  readonly lockTimeoutMs?: number;
  /** How long (ms) it may wait for a transaction that is made for others; for a write without a waiting actor. */
  readonly maxDelayMs?: number;
  /** Takes the write back where the journal has it and the shared database does not; then it is refused. */
  readonly revoke?: (tables: T, result: R) => void;
}

/** What a group commits to. */
export interface GroupDatabase<T> {
  /** Throws DatabaseTrouble, or what `work` threw, with nothing written; or ProjectionFailed. */
  transaction<R>(work: (tables: T) => R): R;
  /** True while it has writes of its own to make, which any transaction takes along. */
  readonly isBehind?: boolean;
}

/** What became of one write of a group. */
type Result = { readonly value: unknown } | { readonly trouble: SharedTrouble };

/** Hears of trouble when it begins and when its reason changes, and `undefined` when writes work again. */
export type TroubleListener = (trouble: string | undefined) => void;

/** Hears how long (ms) a transaction took that is on disk. */
export type CommitListener = (took: number) => void;

export class GroupCommit<T> {
  readonly #database: GroupDatabase<T>;
  readonly #onTrouble: TroubleListener;
  readonly #onCommit: CommitListener;
  #waiters: Waiter<T>[] = [];
  #gathering = false;
  #leisure: NodeJS.Timeout | undefined;
  #retry: NodeJS.Timeout | undefined;
  #retryMs = FIRST_RETRY_MS;
  #sharedRetry: NodeJS.Timeout | undefined;
  #sharedRetryMs = FIRST_SHARED_RETRY_MS;
  #closed = false;
  #whenEmpty: (() => void)[] = [];
  #trouble: string | undefined;

  constructor(
    database: GroupDatabase<T>,
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

  /** Runs `work` in a transaction; resolves with its result once that is on disk. Rejects with STORE_UNAVAILABLE. */
  commit<R>(work: (tables: T) => R, options: CommitOptions<T, R> = {}): Promise<R> {
    if (this.#closed) return Promise.reject(new DaemonError('STORE_UNAVAILABLE', 'it is closed'));
    const { lockTimeoutMs, maxDelayMs = 0, revoke } = options;
    const { promise, resolve, reject } = Promise.withResolvers<R>();
    const deadline = lockTimeoutMs === undefined ? undefined : performance.now() + lockTimeoutMs;
    this.#waiters.push({
      work,
      revoke: revoke as Waiter<T>['revoke'],
      deadline,
      resolve: resolve as Waiter<T>['resolve'],
      reject,
    });
    // While the disk is in trouble nothing new waits for the next retry: it is tried now, and refused now.
    if (this.#retry === undefined || deadline !== undefined) {
      if (maxDelayMs === 0 || this.#waiters.length >= LARGEST_GROUP) this.#gather();
      else this.#leisure ??= setTimeout(() => this.#gather(), maxDelayMs);
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
    clearTimeout(this.#sharedRetry);
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
    const isBehind = this.#database.isBehind === true;
    if (group.length === 0 && this.#trouble === undefined && !isBehind) return;
    try {
      const begun = performance.now();
      const { results, projectionTrouble } = this.#write(group);
      this.#onCommit(performance.now() - begun);
      this.#succeeded();
      this.#answer(group, results, projectionTrouble);
    } catch (error) {
      this.#failed(group, error);
    }
    if (this.#waiters.length > 0 && this.#retry === undefined && this.#sharedRetry === undefined)
      this.#gather();
    if (this.#database.isBehind === true) this.#retryShared(SLOWEST_RETRY_MS);
    else if (this.#sharedRetry === undefined) this.#sharedRetryMs = FIRST_SHARED_RETRY_MS;
    if (this.#waiters.length === 0) for (const resolve of this.#whenEmpty.splice(0)) resolve();
  }

  /** All in one transaction. A write that the shared database does not take leaves the others alone. */
  #write(group: readonly Waiter<T>[]): Written {
    try {
      const results = this.#database.transaction((tables) =>
        group.map(({ work }): Result => {
          try {
            return { value: work(tables) };
          } catch (error) {
            if (error instanceof SharedTrouble) return { trouble: error };
            throw error;
          }
        }),
      );
      return { results, projectionTrouble: undefined };
    } catch (error) {
      if (!(error instanceof ProjectionFailed)) throw error;
      return { results: error.results as readonly Result[], projectionTrouble: error.trouble };
    }
  }

  #answer(group: readonly Waiter<T>[], results: readonly Result[], projectionTrouble?: SharedTrouble): void {
    const kept: Waiter<T>[] = [];
    for (const [index, waiter] of group.entries()) {
      const result = results[index] as Result;
      if ('trouble' in result) {
        if (waitsFor(result.trouble, waiter)) kept.push(waiter);
        else refuse(waiter, result.trouble);
      } else if (projectionTrouble && waiter.revoke) this.#revoke(waiter, result.value, projectionTrouble);
      else waiter.resolve(result.value);
    }
    if (kept.length === 0) return;
    this.#waiters.unshift(...kept);
    this.#retryShared(SLOWEST_LOCK_RETRY_MS);
  }

  /** Rejects once the write is revoked, so that a refused command never runs. */
  #revoke({ revoke, reject }: Waiter<T>, result: unknown, trouble: SharedTrouble): void {
    this.#waiters.push({
      work: (tables) => revoke?.(tables, result),
      revoke: undefined,
      deadline: undefined,
      resolve: () => reject(new DaemonError('STORE_UNAVAILABLE', trouble.message, trouble)),
      reject,
    });
  }

  /** Tries again later what only the shared database keeps from being written; writes to the journal do not wait for it. */
  #retryShared(slowestMs: number): void {
    if (this.#closed || this.#sharedRetry !== undefined) return;
    const delayMs = Math.min(this.#sharedRetryMs, slowestMs);
    this.#sharedRetryMs = delayMs * 2;
    this.#sharedRetry = setTimeout(() => {
      this.#sharedRetry = undefined;
      this.#flush();
    }, delayMs);
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
    // All are judged, also those that no group has room for: none may wait longer than its deadline.
    const kept: Waiter<T>[] = [];
    for (const waiter of [...group, ...this.#waiters]) {
      if (waiter.deadline === undefined || waitsFor(error, waiter)) kept.push(waiter);
      else refuse(waiter, error);
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

  /** A write that is itself faulty fails alone. A write that must not be lost is retried later even then, since the table may be
   * repaired. */
  #oneByOne(group: readonly Waiter<T>[], error: unknown): void {
    const [only] = group;
    if (group.length === 1 && only) return this.#failedAlone(only, error);
    for (const [index, waiter] of group.entries()) {
      try {
        const { results, projectionTrouble } = this.#write([waiter]);
        this.#answer([waiter], results, projectionTrouble);
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

interface Written {
  readonly results: readonly Result[];
  /** Where only the journal has what was written. */
  readonly projectionTrouble: SharedTrouble | undefined;
}

/** Whether a write with a deadline is tried again: only a lock ends by itself soon. */
function waitsFor({ busy }: DatabaseTrouble, { deadline }: Pick<Waiter<never>, 'deadline'>): boolean {
  return deadline !== undefined && busy && performance.now() < deadline;
}

function refuse({ reject }: Pick<Waiter<never>, 'reject'>, trouble: DatabaseTrouble): void {
  reject(new DaemonError('STORE_UNAVAILABLE', trouble.message, trouble));
}
