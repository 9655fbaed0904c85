import { statSync } from 'node:fs';
import type Database from 'better-sqlite3';
import { messageOf } from '../errors.ts';
import { openDatabase } from './database.ts';

/** A lock, a disk, a file that is not there: the same write may succeed later. */
export class DatabaseTrouble extends Error {
  /** True where only another's lock is in the way. */
  readonly busy: boolean;

  constructor(message: string, busy: boolean, cause?: unknown) {
    super(message, { cause });
    this.busy = busy;
  }
}

const BUSY = /^SQLITE_(BUSY|LOCKED)/;
const FULL = /^SQLITE_(FULL|NOMEM)/;
/** After these a connection may never work again, though the file does. */
const LOST = /^SQLITE_(IOERR|READONLY|CANTOPEN|PROTOCOL|CORRUPT|NOTADB)/;

/** Who deletes the file may be about to put another in its place: this long (ms) none is made. */
const ABSENCE_LIMIT = 3_000;

/** Pages that the log may hold before they are put into the database; as many as SQLite itself lets it hold. */
const MAX_LOG_PAGES = 1_000;

interface Opened<T> {
  readonly database: Database.Database;
  readonly logSize: Database.Statement<[], { readonly log: number }>;
  readonly begin: Database.Statement;
  readonly commit: Database.Statement;
  readonly tables: T;
  readonly identity: string;
}

/** The database at a path. What is opened keeps working when the file is deleted or replaced, and its commits then
 * go nowhere, without an error: so each one counts only if the file is still the one at the path. */
export class LiveDatabase<T> {
  readonly #path: string;
  readonly #prepare: (database: Database.Database) => T;
  readonly #shadow: boolean;
  #opened: Opened<T> | undefined;
  #absentSince: number | undefined;

  /** Throws as openDatabase does. */
  constructor(path: string, prepare: (database: Database.Database) => T, shadow = false) {
    this.#path = path;
    this.#prepare = prepare;
    this.#shadow = shadow;
    this.#opened = this.#open(5000);
  }

  /** Runs `work` in a transaction and returns once it is on disk. Throws DatabaseTrouble, or what `work` threw; then
   * nothing was written. */
  transaction<R>(work: (tables: T) => R): R {
    const opened = this.#current();
    try {
      opened.begin.run();
      const result = work(opened.tables);
      opened.commit.run();
      if (this.#identity() === opened.identity) {
        setImmediate(() => this.#shortenLog(opened));
        return result;
      }
    } catch (error) {
      // A full disk has rolled back already.
      if (opened.database.inTransaction) opened.database.exec('ROLLBACK');
      throw this.#troubleOf(error);
    }
    this.close();
    throw new DatabaseTrouble('the database file was deleted or replaced', false);
  }

  /** SQLite would do this within the commit that makes the log too long, and whoever waits for that one would wait for
   * ten or twenty times as much of the disk. */
  #shortenLog(opened: Opened<T>): void {
    try {
      if (opened !== this.#opened || (opened.logSize.get()?.log ?? 0) < MAX_LOG_PAGES) return;
      opened.database.pragma('wal_checkpoint(PASSIVE)');
    } catch {
      // What is wrong with the disk shows at the next commit; the log only stays longer.
    }
  }

  close(): void {
    this.#opened?.database.close();
    this.#opened = undefined;
  }

  #current(): Opened<T> {
    if (this.#opened) return this.#opened;
    if (this.#isAbsent()) throw new DatabaseTrouble('the database file was deleted', false);
    try {
      this.#opened = this.#open(0);
    } catch (error) {
      const { code = '' } = ((error as Error).cause ?? {}) as { code?: string };
      throw new DatabaseTrouble(messageOf(error), BUSY.test(code), error);
    }
    return this.#opened;
  }

  #isAbsent(): boolean {
    if (this.#identity() !== undefined) {
      this.#absentSince = undefined;
      return false;
    }
    this.#absentSince ??= Date.now();
    return Date.now() - this.#absentSince < ABSENCE_LIMIT;
  }

  #open(lockPatience: number): Opened<T> {
    const database = openDatabase(this.#path, lockPatience, this.#shadow);
    try {
      database.pragma('wal_autocheckpoint = 0');
      return {
        database,
        logSize: database.prepare('PRAGMA wal_checkpoint(NOOP)'),
        begin: database.prepare('BEGIN IMMEDIATE'),
        commit: database.prepare('COMMIT'),
        tables: this.#prepare(database),
        identity: this.#identity() ?? '',
      };
    } catch (error) {
      database.close();
      throw error;
    }
  }

  /** Of the file and of its log, which takes every commit first. */
  #identity(): string | undefined {
    const file = statSync(this.#path, { throwIfNoEntry: false });
    if (!file) return undefined;
    const log = statSync(`${this.#path}-wal`, { throwIfNoEntry: false });
    return `${file.dev}:${file.ino} ${log?.dev}:${log?.ino}`;
  }

  #troubleOf(error: unknown): unknown {
    const code = (error as { code?: string }).code ?? '';
    if (LOST.test(code)) this.close();
    else if (!BUSY.test(code) && !FULL.test(code)) return error;
    return new DatabaseTrouble(messageOf(error), BUSY.test(code), error);
  }
}
