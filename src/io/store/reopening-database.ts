import { lstatSync } from 'node:fs';
import type Database from 'better-sqlite3';
import { messageOf } from '../../errors.ts';

/** A lock, a disk, a file that is missing: the same write may succeed later. */
export class DatabaseTrouble extends Error {
  /** True where only the lock of another process is in the way. */
  readonly busy: boolean;

  constructor(message: string, busy: boolean, cause?: unknown) {
    super(message, { cause });
    this.busy = busy;
  }
}

const BUSY = /^SQLITE_(BUSY|LOCKED)/;
const FULL = /^SQLITE_(FULL|NOMEM)/;
/** After these errors a connection may never work again, though the file does. */
const LOST = /^SQLITE_(IOERR|READONLY|CANTOPEN|PROTOCOL|CORRUPT|NOTADB|SCHEMA)/;

/** A process that deletes the file may be about to put another in its place: no new file is made before this. */
const ABSENCE_LIMIT_MS = 3_000;

/** Pages that the write-ahead log may hold before a checkpoint; SQLite's own default. */
const MAX_LOG_PAGES = 1_000;

/** A database that takes longer to open than this, and then fails (a hostile schema does both), is tried again only after many times
 * as long. */
const SLOW_OPENING_MS = 50;
const OPENING_PAUSE_FACTOR = 10;

/** The start may wait this long for another process's lock. */
const FIRST_LOCK_TIMEOUT_MS = 5_000;

/** `release` is called once the database is closed. */
export interface OpenedDatabase {
  readonly database: Database.Database;
  readonly release?: () => void;
}

interface Opened<T> extends OpenedDatabase {
  readonly begin: Database.Statement;
  readonly commit: Database.Statement;
  readonly tables: T;
  readonly identity: string;
}

export interface LiveDatabaseOptions<T> {
  readonly path: string;
  readonly open: (path: string, lockTimeoutMs: number) => OpenedDatabase;
  readonly prepare: (database: Database.Database) => T;
  /** Runs at the beginning of each transaction, with the write lock held; what it throws ends the transaction. */
  readonly verify?: (tables: T) => void;
  /** False where the owner shortens the write-ahead log by itself. */
  readonly shortensLog?: boolean;
}

/** The database at a path, opened again when it has to be. A connection keeps working when its file is deleted or replaced,
 * and its commits then go nowhere, without an error: so each one counts only if the file is still the one at the path. */
export class LiveDatabase<T> {
  readonly #options: LiveDatabaseOptions<T>;
  #opened: Opened<T> | undefined;
  #absentSince: number | undefined;
  #openableFrom = 0;

  constructor(options: LiveDatabaseOptions<T>) {
    this.#options = options;
  }

  /** Opens it now, waiting for locks. Throws as `options.open` does. */
  open(lockTimeoutMs = FIRST_LOCK_TIMEOUT_MS): void {
    this.#opened ??= this.#open(lockTimeoutMs);
  }

  get isOpen(): boolean {
    return this.#opened !== undefined;
  }

  /** Reads, without the write lock. Throws DatabaseTrouble. */
  read<R>(work: (tables: T) => R): R {
    const { tables } = this.#current();
    try {
      return work(tables);
    } catch (error) {
      throw this.#troubleOf(error);
    }
  }

  /** Takes the write lock. Throws DatabaseTrouble, or what `verify` throws. */
  begin(): T {
    const opened = this.#current();
    try {
      if (this.#identity() !== opened.identity) throw this.#replaced();
      opened.begin.run();
      this.#options.verify?.(opened.tables);
      return opened.tables;
    } catch (error) {
      throw this.fail(error);
    }
  }

  /** Returns once the transaction is as durable as `synchronous` says. Throws DatabaseTrouble; then nothing was written. */
  commit(): void {
    const opened = this.#opened;
    try {
      if (opened?.database.inTransaction !== true)
        throw new DatabaseTrouble('the transaction was lost', false);
      opened.commit.run();
      if (this.#identity() !== opened.identity) throw this.#replaced();
    } catch (error) {
      throw this.fail(error);
    }
    if (this.#options.shortensLog !== false) setImmediate(() => this.#shortenLog(opened));
  }

  /** A full disk has rolled back already. */
  rollback(): void {
    try {
      if (this.#opened?.database.inTransaction) this.#opened.database.exec('ROLLBACK');
    } catch {
      this.close();
    }
  }

  /** Ends a transaction in which a statement failed; returns the error as DatabaseTrouble where it may pass. */
  fail(error: unknown): unknown {
    this.rollback();
    return this.#troubleOf(error);
  }

  /** Runs `work` in a transaction of its own. Throws DatabaseTrouble, or what `work` threw; then nothing was written. */
  transaction<R>(work: (tables: T) => R): R {
    const tables = this.begin();
    let result: R;
    try {
      result = work(tables);
    } catch (error) {
      throw this.fail(error);
    }
    this.commit();
    return result;
  }

  /** True once the write-ahead log is so long that it should be shortened by a checkpoint. */
  get hasLongLog(): boolean {
    try {
      const [found] = (this.#opened?.database.pragma('wal_checkpoint(NOOP)') ?? []) as Checkpoint[];
      return (found?.log ?? 0) >= MAX_LOG_PAGES;
    } catch {
      return false;
    }
  }

  /** True if the whole write-ahead log is in the database now, and on disk. */
  checkpoint(): boolean {
    try {
      const [found] = (this.#opened?.database.pragma('wal_checkpoint(PASSIVE)') ?? []) as Checkpoint[];
      return found !== undefined && found.busy === 0 && found.log === found.checkpointed;
    } catch {
      // An error of the disk shows at the next commit; the log only stays longer.
      return false;
    }
  }

  close(): void {
    const opened = this.#opened;
    this.#opened = undefined;
    opened?.database.close();
    opened?.release?.();
  }

  /** SQLite would do this within the commit that makes the log too long, and that commit would wait for ten or twenty times as
   * much of the disk. */
  #shortenLog(opened: Opened<T>): void {
    if (opened === this.#opened && !opened.database.inTransaction && this.hasLongLog) this.checkpoint();
  }

  #current(): Opened<T> {
    if (this.#opened) return this.#opened;
    if (this.#isAbsent()) throw new DatabaseTrouble('the database file was deleted', false);
    if (performance.now() < this.#openableFrom) {
      throw new DatabaseTrouble('the database took long to open and failed; it is tried again later', false);
    }
    try {
      this.#opened = this.#open(0);
    } catch (error) {
      const { code = '' } = ((error as Error).cause ?? error) as { code?: string };
      throw new DatabaseTrouble(messageOf(error), BUSY.test(code), error);
    }
    return this.#opened;
  }

  #isAbsent(): boolean {
    if (this.#identity() !== undefined) {
      this.#absentSince = undefined;
      return false;
    }
    this.#absentSince ??= performance.now();
    return performance.now() - this.#absentSince < ABSENCE_LIMIT_MS;
  }

  #open(lockTimeoutMs: number): Opened<T> {
    const begun = performance.now();
    const { path, open, prepare } = this.#options;
    let opened: OpenedDatabase | undefined;
    try {
      opened = open(path, lockTimeoutMs);
      const { database } = opened;
      database.pragma('wal_autocheckpoint = 0');
      // The first look makes the write-ahead log, which is part of the identity.
      database.pragma('schema_version');
      return {
        ...opened,
        begin: database.prepare('BEGIN IMMEDIATE'),
        commit: database.prepare('COMMIT'),
        tables: prepare(database),
        identity: this.#identity() ?? '',
      };
    } catch (error) {
      opened?.database.close();
      opened?.release?.();
      const tookMs = performance.now() - begun - lockTimeoutMs;
      if (tookMs > SLOW_OPENING_MS) this.#openableFrom = performance.now() + tookMs * OPENING_PAUSE_FACTOR;
      throw error;
    }
  }

  /** Of the file and of its log, which takes every commit first. Links are not followed. */
  #identity(): string | undefined {
    const { path } = this.#options;
    const file = lstatSync(path, { throwIfNoEntry: false });
    if (!file) return undefined;
    const log = lstatSync(`${path}-wal`, { throwIfNoEntry: false });
    return `${file.dev}:${file.ino} ${log?.dev}:${log?.ino}`;
  }

  #replaced(): DatabaseTrouble {
    this.close();
    return new DatabaseTrouble('the database file was deleted or replaced', false);
  }

  #troubleOf(error: unknown): unknown {
    if (error instanceof DatabaseTrouble) return error;
    const code = (error as { code?: string }).code ?? '';
    if (LOST.test(code)) this.close();
    else if (!BUSY.test(code) && !FULL.test(code)) return error;
    return new DatabaseTrouble(messageOf(error), BUSY.test(code), error);
  }
}

interface Checkpoint {
  readonly busy: number;
  readonly log: number;
  readonly checkpointed: number;
}
