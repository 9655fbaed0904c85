/** The process that writes to the shared database for the daemon. Members of the group can put any bytes into that database: some
 * keep SQLite busy for ever, others end the process that reads them. Only this process is lost then, and the daemon starts
 * another. */
import { writeFileSync, writeSync } from 'node:fs';
import { constants } from 'node:os';
import { messageOf } from '../../errors.ts';
import { fromLibc } from '../os/libc.ts';
import { DatabaseTrouble, LiveDatabase } from '../store/reopening-database.ts';
import { readMessage, writeMessage } from './blocking-socket.ts';
import { openSharedDatabase } from './open.ts';
import type {
  RowResult,
  SharedAnswer,
  SharedEvent,
  SharedRequest,
  SharedResults,
  SharedTroubleAnswer,
  SharedWrites,
} from './requests.ts';
import { SharedTables } from './tables.ts';

/** The socket of the requests. */
const REQUESTS_FD = 3;
const EVENTS_FD = 1;

/** Texts can hold names from the schema, of any length. */
const MAX_TEXT_LENGTH = 300;

const CHECKPOINT_PAUSE_MS = 1_000;
/** How many commits are made from one look at the length of the write-ahead log to the next. */
const COMMITS_PER_LOOK = 16;

/** How long the first opening waits for a lock; writes try again later. */
const LOCK_TIMEOUT_MS = 500;

/** Linux's numbers. Source: prctl(2), signal(2). */
const PR_SET_PDEATHSIG = 1;
const SIG_IGN = 1;

const prctl = fromLibc('int prctl(int option, uint64_t value, uint64_t b, uint64_t c, uint64_t d)');
const setsid = fromLibc('int setsid()');
const signal = fromLibc('int64_t signal(int number, int64_t handler)');

/** Answers requests until the daemon closes the socket; it blocks, so nothing else runs in this process. */
export function serveSharedDatabase(path: string, shadow: boolean): void {
  process.title = 'dbcalm-cmd: shared database';
  // The daemon ends this process. Signals for all processes of the daemon's terminal or unit must not.
  setsid();
  signal(constants.signals.SIGTERM, SIG_IGN);
  prctl(PR_SET_PDEATHSIG, constants.signals.SIGKILL, 0, 0, 0);
  becomeFirstVictim();
  const writer = new SharedWriter(path, shadow);
  const next = () => readMessage(REQUESTS_FD) as SharedRequest | undefined;
  for (let request = next(); request && request.op !== 'close'; request = next()) {
    if (request.op === 'open') tell({ event: 'opened', trouble: writer.open() });
    else answer(writer, request);
  }
  // The daemon sees the end of the socket once all locks are free.
  writer.close();
}

function answer(writer: SharedWriter, request: SharedRequest): void {
  const found = writer.answer(request);
  const isCheckpointing = request.op === 'commit' && !('trouble' in found) && writer.needsCheckpoint;
  writeMessage(REQUESTS_FD, isCheckpointing ? { isCheckpointing } : found);
  if (isCheckpointing) tell({ event: 'checkpointed', isComplete: writer.checkpoint() });
}

const tell = (event: SharedEvent) => void writeSync(EVENTS_FD, `${JSON.stringify(event)}\n`);

/** A database can make SQLite take much memory. Where there is none left, the kernel ends this process, and not the daemon. */
function becomeFirstVictim(): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', '1000');
  } catch {
    // Where it cannot be written, the kernel chooses by size.
  }
}

class SharedWriter {
  readonly #database: LiveDatabase<SharedTables>;
  #tables: SharedTables | undefined;
  #isDurable = false;
  #checkpointFrom = 0;
  #commitCount = 0;

  constructor(path: string, shadow: boolean) {
    this.#database = new LiveDatabase<SharedTables>({
      path,
      open: (place, lockTimeoutMs) => openSharedDatabase(place, lockTimeoutMs, shadow),
      prepare: (database) => new SharedTables(database),
      verify: (tables) => tables.verify(),
      shortensLog: false,
    });
  }

  /** To be asked after each commit. After a checkpoint that a reader made incomplete, the next one waits. */
  get needsCheckpoint(): boolean {
    if (++this.#commitCount < COMMITS_PER_LOOK) return false;
    this.#commitCount = 0;
    return performance.now() >= this.#checkpointFrom && this.#database.hasLongLog;
  }

  /** Opens the database, checks its schema, and makes the table where there is none. Returns what prevents that. */
  open(): SharedTroubleAnswer | undefined {
    try {
      this.#database.open(LOCK_TIMEOUT_MS);
      this.#database.transaction(() => {});
      return undefined;
    } catch (error) {
      return this.#describe(error);
    }
  }

  answer(request: SharedRequest): SharedAnswer {
    try {
      switch (request.op) {
        case 'write':
          if (request.begin) this.#begin(request.begin === 'durable');
          return { results: this.#write(request.writes) };
        case 'commit':
          this.#database.commit();
          break;
        case 'rollback':
          this.#database.rollback();
          break;
        case 'checkpoint':
          return { isComplete: this.checkpoint() };
      }
      return {};
    } catch (error) {
      return this.#describe(this.#database.fail(error));
    }
  }

  checkpoint(): boolean {
    const isComplete = this.#database.checkpoint();
    this.#checkpointFrom = isComplete ? 0 : performance.now() + CHECKPOINT_PAUSE_MS;
    return isComplete;
  }

  close(): void {
    this.#database.close();
  }

  #begin(isDurable: boolean): void {
    if (!this.#database.isOpen) throw new DatabaseTrouble('it is closed', false);
    if (isDurable || this.#isDurable) this.#database.read((tables) => tables.syncCommits(isDurable));
    this.#isDurable = isDurable;
    this.#tables = this.#database.begin();
  }

  #write({ removals = [], inserts = [], updates = [], isProbe = false }: SharedWrites): SharedResults {
    const tables = this.#tables;
    if (!tables) throw new Error('no transaction was begun');
    for (const { id, commandId } of removals) tables.remove(id, commandId);
    if (isProbe) tables.probe();
    return {
      inserted: inserts.map((row) => rowResult(() => tables.insert(row))),
      updated: updates.map(({ id, row }) => rowResult(() => tables.update(id, row) ?? null)),
    };
  }

  #describe(error: unknown): SharedTroubleAnswer {
    if (error instanceof DatabaseTrouble) {
      return { trouble: cutText(error.message), busy: error.busy, isOpen: this.#database.isOpen };
    }
    // An error without a better name may lie in what the connection remembers.
    this.#database.close();
    this.#isDurable = false;
    return { trouble: cutText(messageOf(error)), busy: false, isOpen: false };
  }
}

const cutText = (text: string) =>
  text.length > MAX_TEXT_LENGTH ? `${text.slice(0, MAX_TEXT_LENGTH)}…` : text;

function rowResult(write: () => number | null): RowResult {
  try {
    return { id: write() };
  } catch (error) {
    if (!/^SQLITE_CONSTRAINT/.test((error as { code?: string }).code ?? '')) throw error;
    return { refused: cutText(messageOf(error)) };
  }
}
