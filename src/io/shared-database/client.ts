/** The shared database, as the daemon sees it: a process of its own, which is asked and answers within a limit. A process that
 * does not answer, or that died, is replaced after a pause. */
import { messageOf } from '../../errors.ts';
import { DatabaseTrouble } from '../store/reopening-database.ts';
import type {
  SharedAnswer,
  SharedEvent,
  SharedRequest,
  SharedResults,
  SharedTroubleAnswer,
  SharedWrites,
} from './requests.ts';
import { NoAnswer, SharedServer } from './server.ts';
import { UNTIMED_MS, WaitingBudget } from './waiting-budget.ts';

/** Milliseconds. */
export interface SharedLimits {
  /** How long the event loop waits for an answer. An answer comes within a millisecond, unless a lock of the disk or the database's
   * content is in the way. */
  readonly answer: number;
  /** The same where the answer waits for the disk. */
  readonly disk: number;
  /** How long an opening and a checkpoint may take; nothing waits for them. The limit doubles while openings exceed it. */
  readonly opening: number;
}

const LIMITS: SharedLimits = { answer: 2_000, disk: 10_000, opening: 10_000 };
const MAX_OPENING_LIMIT_MS = 160_000;

/** A new process is started after this. */
const PAUSE_MS = 1_000;
/** The pause after a process that did not answer, as a multiple of the limit. It doubles with each such process: a database that
 * makes them hang costs the event loop a small part of its time. */
const PAUSE_FACTOR = 10;
const MAX_PAUSE_MS = 120_000;
/** An opening that failed is not repeated before this. */
const REOPENING_PAUSE_MS = 250;

/** A process that worked for this long makes those that hung before it forgotten. */
const GOOD_LIFE_MS = 300_000;

/** The database is being opened, or a checkpoint is made: the same write succeeds soon, and nothing is wrong. */
export class SharedNotReady extends DatabaseTrouble {}

export interface SharedClientOptions {
  readonly path: string;
  readonly shadow?: boolean | undefined;
  readonly limits?: Partial<SharedLimits>;
  /** Called when an opening has ended: `trouble` says what prevented it. */
  readonly onOpened: (trouble: DatabaseTrouble | undefined) => void;
  /** Called when all commits that were made before are on disk. */
  readonly onDurable: () => void;
}

/** A process, and what it does. `closed`: it could not open the database, or had to close it. */
interface Current {
  readonly server: SharedServer;
  readonly startedAt: number;
  state: 'opening' | 'ready' | 'checkpointing' | 'closed';
  limit?: NodeJS.Timeout;
}

export class SharedClient {
  readonly #options: SharedClientOptions;
  readonly #limits: SharedLimits;
  #current: Current | undefined;
  #openingLimitMs: number;
  #commitLimitMs: number;
  #inTransaction = false;
  #isClosed = false;
  #wasOpened = false;
  #hangCount = 0;
  readonly #waiting = new WaitingBudget();
  /** What the questions of this transaction took (ms). */
  #spentMs = 0;
  #closedBy: DatabaseTrouble | undefined;
  #reopenFrom = 0;
  #pausedUntil = 0;
  #pausedFor = '';
  #restart: NodeJS.Timeout | undefined;

  constructor(options: SharedClientOptions) {
    this.#options = options;
    this.#limits = { ...LIMITS, ...options.limits };
    this.#openingLimitMs = this.#limits.opening;
    this.#commitLimitMs = this.#limits.answer;
  }

  /** Starts the process, if there is none; the first write would do that, and wait for it. */
  start(): void {
    if (this.#current || this.#isClosed || performance.now() < this.#pausedUntil) return;
    clearTimeout(this.#restart);
    const { path, shadow = false } = this.#options;
    try {
      const server = new SharedServer({
        path,
        shadow,
        answerLimitMs: this.#limits.answer,
        onStarted: () => this.#open(current),
        onEvent: (event) => this.#hear(current, event),
        onEnded: (why) => this.#lose(current, why),
      });
      const current: Current = { server, startedAt: performance.now(), state: 'opening' };
      this.#current = current;
    } catch (error) {
      this.#pause(`its process cannot be started: ${messageOf(error)}`);
    }
  }

  /** True once the first opening has ended, well or not. */
  get wasOpened(): boolean {
    return this.#wasOpened;
  }

  /** Returns why a transaction cannot begin now, as far as this is known. */
  findTrouble(): DatabaseTrouble | undefined {
    const state = this.#current?.state;
    const throttledMs = this.#waiting.pauseMs;
    if (throttledMs > 0) {
      const again = Math.ceil(throttledMs / 1_000);
      return new DatabaseTrouble(`its answers took too long; it is asked again in ${again} s`, false);
    }
    if (state === 'ready') return undefined;
    if (state === 'checkpointing') return new SharedNotReady('it makes a checkpoint', true);
    if (state === 'opening') return new SharedNotReady('it is being opened', true);
    if (state === 'closed') return performance.now() < this.#reopenFrom ? this.#closedBy : undefined;
    if (this.#isClosed) return new DatabaseTrouble('it is closed', false);
    return performance.now() < this.#pausedUntil ? new DatabaseTrouble(this.#pausedFor, false) : undefined;
  }

  /** Begins a transaction with these writes. `isDurable`: its commit reaches the disk before it returns. Throws DatabaseTrouble, with the
   * transaction rolled back; SharedNotReady while the database is being opened. */
  begin(writes: SharedWrites, isDurable = false): SharedResults {
    this.start();
    const trouble = this.findTrouble();
    if (trouble) throw trouble;
    if (this.#current?.state === 'closed') {
      this.#open(this.#current);
      throw new SharedNotReady('it is being opened', true);
    }
    this.#spentMs = 0;
    this.#commitLimitMs = isDurable ? this.#limits.disk : this.#limits.answer;
    return this.#write(writes, isDurable ? 'durable' : 'normal');
  }

  /** Writes more in the transaction. Throws DatabaseTrouble, with the transaction rolled back. */
  write(writes: SharedWrites): SharedResults {
    return this.#write(writes, undefined);
  }

  /** Throws DatabaseTrouble; then nothing was written, unless the process was lost. */
  commit(): void {
    this.#ask({ op: 'commit' }, this.#commitLimitMs);
    this.#inTransaction = false;
  }

  rollback(): void {
    try {
      if (this.#inTransaction) this.#ask({ op: 'rollback' });
    } catch {
      // The transaction ended with the process.
    }
    this.#inTransaction = false;
  }

  /** True if all commits before are on disk now. */
  checkpoint(): boolean {
    try {
      return (
        this.#current?.state === 'ready' &&
        this.#ask({ op: 'checkpoint' }, this.#limits.disk).isComplete === true
      );
    } catch {
      return false;
    }
  }

  /** Returns when the database is closed, or could not be within a limit. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#restart);
    if (this.#current?.state === 'ready') this.#current.server.closeDatabase();
    this.#end();
  }

  /** Nothing waits for an opening: the database may make it last. */
  #open(current: Current): void {
    current.state = 'opening';
    this.#limit(current, this.#openingLimitMs);
    current.server.send({ op: 'open' });
  }

  #hear(current: Current, event: SharedEvent): void {
    clearTimeout(current.limit);
    current.state = 'ready';
    if (event.event === 'checkpointed') {
      if (event.isComplete) this.#options.onDurable();
      return;
    }
    this.#wasOpened = true;
    this.#openingLimitMs = this.#limits.opening;
    // The next opening would most likely fail as well.
    if (event.trouble) this.#reopenFrom = performance.now() + REOPENING_PAUSE_MS;
    this.#options.onOpened(event.trouble && this.#noteTrouble(current, event.trouble));
  }

  #noteTrouble(current: Current, { trouble, busy, isOpen }: SharedTroubleAnswer): DatabaseTrouble {
    const error = new DatabaseTrouble(trouble, busy);
    if (!isOpen) {
      current.state = 'closed';
      this.#closedBy = error;
    }
    return error;
  }

  /** Ends a process that nothing waits for and that is at its work for too long. */
  #limit(current: Current, limitMs: number): void {
    current.limit = setTimeout(() => {
      this.#openingLimitMs = Math.min(this.#openingLimitMs * 2, MAX_OPENING_LIMIT_MS);
      this.#lose(current, new NoAnswer(limitMs).message, PAUSE_MS);
    }, limitMs);
    current.limit.unref();
  }

  #write(writes: SharedWrites, begin: 'normal' | 'durable' | undefined): SharedResults {
    const { results } = this.#ask({ op: 'write', writes, begin });
    this.#inTransaction = true;
    return results ?? { inserted: [], updated: [] };
  }

  #ask(request: SharedRequest, limitMs = this.#limits.answer): Exclude<SharedAnswer, SharedTroubleAnswer> {
    const current = this.#current;
    if (current?.state !== 'ready') {
      throw new DatabaseTrouble('its process ended during a transaction', false);
    }
    const begunAt = performance.now();
    let answer: SharedAnswer;
    try {
      answer = current.server.ask(request, this.#rest(limitMs));
    } catch (error) {
      this.#lose(current, messageOf(error), error instanceof NoAnswer ? limitMs * PAUSE_FACTOR : undefined);
      throw new DatabaseTrouble(messageOf(error), false, error);
    } finally {
      const tookMs = performance.now() - begunAt;
      this.#spentMs += tookMs;
      this.#waiting.spend(tookMs);
    }
    if ('trouble' in answer) {
      this.#inTransaction = false;
      throw this.#noteTrouble(current, answer);
    }
    if (answer.isCheckpointing) {
      current.state = 'checkpointing';
      this.#limit(current, this.#limits.opening);
    }
    return answer;
  }

  /** The questions of one transaction share its limit. */
  #rest(limitMs: number): number {
    if (this.#spentMs < UNTIMED_MS) return limitMs;
    return Math.max(UNTIMED_MS, Math.ceil(limitMs - this.#spentMs));
  }

  /** Ends the process; the next one is started after a pause. */
  #lose(current: Current, why: string, hangPauseMs?: number): void {
    if (current !== this.#current || this.#isClosed) return;
    if (performance.now() - current.startedAt > GOOD_LIFE_MS) this.#hangCount = 0;
    this.#end();
    this.#pause(why, hangPauseMs);
    this.#wasOpened = true;
    if (current.state === 'opening') this.#options.onOpened(new DatabaseTrouble(why, false));
  }

  #pause(why: string, hangPauseMs?: number): void {
    const doubled = hangPauseMs === undefined ? PAUSE_MS : hangPauseMs * 2 ** this.#hangCount++;
    const pauseMs = Math.min(MAX_PAUSE_MS, Math.max(PAUSE_MS, doubled));
    this.#pausedFor = why;
    this.#pausedUntil = performance.now() + pauseMs;
    this.#restart = setTimeout(() => this.start(), pauseMs + 1);
    this.#restart.unref();
  }

  #end(): void {
    clearTimeout(this.#current?.limit);
    this.#current?.server.end();
    this.#current = undefined;
    this.#inTransaction = false;
  }
}
