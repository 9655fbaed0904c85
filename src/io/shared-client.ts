/** The shared database, as the daemon sees it: a process of its own, which is asked and answers within a limit. A process that
 * does not answer, or that died, is replaced after a pause. */
import { closeSync } from 'node:fs';
import { Socket } from 'node:net';
import { isSea } from 'node:sea';
import { messageOf } from '../errors.ts';
import { limitWaiting, openSocketPair, readMessage, writeMessage } from './blocking-socket.ts';
import { onExit } from './child-exits.ts';
import { DatabaseTrouble } from './live-database.ts';
import { openPipe, type Pipe, posixSpawn } from './posix-spawn.ts';
import {
  SHARED_DATABASE_VERB,
  type SharedAnswer,
  type SharedEvent,
  type SharedRequest,
  type SharedResults,
  type SharedTroubleAnswer,
  type SharedWrites,
} from './shared-requests.ts';

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
/** A process that worked for this long makes those that hung before it forgotten. */
const GOOD_LIFE_MS = 300_000;

/** Its messages on stderr, of which the last part is told where it dies. */
const MAX_CRASH_TEXT = 300;

const ENVIRONMENT = ['PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'LANG=C'];

/** The database is being opened, or a checkpoint is made: the same write succeeds soon, and nothing is wrong. */
export class SharedNotReady extends DatabaseTrouble {}

export interface SharedClientOptions {
  readonly path: string;
  readonly shadow?: boolean | undefined;
  /** The words that start this program; those of the running one by default. */
  readonly program?: readonly string[] | undefined;
  readonly limits?: Partial<SharedLimits>;
  /** Called when an opening has ended: `trouble` says what prevented it. */
  readonly onOpened: (trouble: DatabaseTrouble | undefined) => void;
  /** Called when all commits that were made before are on disk. */
  readonly onDurable: () => void;
}

type State = 'starting' | 'opening' | 'ready' | 'checkpointing' | 'lost';

/** One process and the socket to it. */
interface Server {
  readonly socket: number;
  readonly startedAt: number;
  state: State;
  pid: number | undefined;
  crashText: string;
  limit: NodeJS.Timeout | undefined;
}

export class SharedClient {
  readonly #options: SharedClientOptions;
  #server: Server | undefined;
  readonly #limits: SharedLimits;
  #commitLimitMs: number;
  #inTransaction = false;
  #isClosed = false;
  #wasOpened = false;
  #hangCount = 0;
  #openingLimitMs: number;
  #pausedUntil = 0;
  #pausedFor = '';
  #restart: NodeJS.Timeout | undefined;

  constructor(options: SharedClientOptions) {
    this.#options = options;
    this.#limits = { ...LIMITS, ...options.limits };
    this.#commitLimitMs = this.#limits.answer;
    this.#openingLimitMs = this.#limits.opening;
  }

  /** Starts the process, if there is none; the first write would do that, and wait for it. */
  start(): void {
    if (this.#server || this.#isClosed || performance.now() < this.#pausedUntil) return;
    clearTimeout(this.#restart);
    try {
      const [socket, theirs] = openSocketPair();
      this.#server = {
        socket,
        startedAt: performance.now(),
        state: 'starting',
        pid: undefined,
        crashText: '',
        limit: undefined,
      };
      this.#launch(this.#server, theirs);
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
    const state = this.#server?.state;
    if (state === 'ready') return undefined;
    if (state === 'checkpointing') return new SharedNotReady('it makes a checkpoint', true);
    if (state !== undefined) return new SharedNotReady('it is being opened', true);
    if (this.#isClosed) return new DatabaseTrouble('it is closed', false);
    return performance.now() < this.#pausedUntil ? new DatabaseTrouble(this.#pausedFor, false) : undefined;
  }

  /** Begins a transaction with these writes. `isDurable`: its commit reaches the disk before it returns. Throws DatabaseTrouble, with the
   * transaction rolled back; SharedNotReady while the database is being opened. */
  begin(writes: SharedWrites, isDurable = false): SharedResults {
    this.start();
    const trouble = this.findTrouble();
    if (trouble) throw trouble;
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
        this.#server?.state === 'ready' &&
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
    const server = this.#server;
    if (!server) return;
    if (server.state === 'ready') {
      try {
        writeMessage(server.socket, { op: 'close' } satisfies SharedRequest);
        // It closes its end when all is done.
        readMessage(server.socket);
      } catch {
        // It is ended below.
      }
    }
    this.#end(server);
  }

  async #launch(server: Server, theirs: number): Promise<void> {
    const { path, shadow = false, program = ownProgram() } = this.#options;
    const [file = '', ...words] = program;
    let events: Pipe | undefined;
    try {
      events = openPipe();
      limitWaiting(server.socket, this.#limits.answer);
      server.pid = await posixSpawn({
        file,
        args: [...words, SHARED_DATABASE_VERB, path, ...(shadow ? ['--shadow'] : [])],
        env: ENVIRONMENT,
        folder: '/',
        stdout: events.write,
        stderr: events.write,
        fds: [theirs],
      });
      this.#follow(server, events.read);
    } catch (error) {
      if (events && server.pid === undefined) closeSync(events.read);
      this.#lose(server, `its process cannot be started: ${messageOf(error)}`);
    } finally {
      if (events) closeSync(events.write);
      closeSync(theirs);
    }
  }

  #follow(server: Server, fd: number): void {
    const pid = server.pid as number;
    const events = new Socket({ fd, readable: true, writable: false });
    let text = '';
    events.setEncoding('utf8').on('data', (piece: string) => {
      const lines = (text + piece).split('\n');
      text = lines.pop() ?? '';
      for (const line of lines) this.#hear(server, line);
    });
    events.on('error', () => {});
    events.once('close', () => {
      server.crashText = (server.crashText + text).slice(-MAX_CRASH_TEXT);
      onExit(pid, ({ code, signal }) => {
        // From now on the number may be that of another process.
        server.pid = undefined;
        const how = signal === 0 ? `exit code ${code}` : `signal ${signal}`;
        this.#lose(server, `its process ended (${how}) ${server.crashText}`.trim());
      });
    });
    if (server.state === 'lost') return kill(pid);
    server.state = 'opening';
    this.#limit(server, this.#openingLimitMs);
    writeMessage(server.socket, { op: 'open' } satisfies SharedRequest);
  }

  #hear(server: Server, line: string): void {
    const event = parseEvent(line);
    if (!event) {
      server.crashText = `${server.crashText}${line} `.slice(-MAX_CRASH_TEXT);
      return;
    }
    if (server.state === 'lost') return;
    clearTimeout(server.limit);
    server.state = 'ready';
    if (event.event === 'checkpointed') {
      if (event.isComplete) this.#options.onDurable();
      return;
    }
    const { trouble, busy = false } = event;
    this.#wasOpened = true;
    if (trouble === undefined) this.#openingLimitMs = this.#limits.opening;
    this.#options.onOpened(trouble === undefined ? undefined : new DatabaseTrouble(trouble, busy));
  }

  /** Ends a process that keeps nothing waiting but is at its work for too long. */
  #limit(server: Server, limitMs: number): void {
    clearTimeout(server.limit);
    server.limit = setTimeout(() => {
      this.#openingLimitMs = Math.min(this.#openingLimitMs * 2, MAX_OPENING_LIMIT_MS);
      this.#lose(server, `its process did not answer within ${limitMs / 1_000} s`, PAUSE_MS);
    }, limitMs);
    server.limit.unref();
  }

  #write(writes: SharedWrites, begin: 'normal' | 'durable' | undefined): SharedResults {
    const { results } = this.#ask({ op: 'write', writes, begin });
    this.#inTransaction = true;
    return results ?? { inserted: [], updated: [] };
  }

  #ask(request: SharedRequest, limitMs = this.#limits.answer): Exclude<SharedAnswer, SharedTroubleAnswer> {
    const server = this.#server;
    if (server?.state !== 'ready') throw new DatabaseTrouble('its process ended during a transaction', false);
    const answer = this.#exchange(server, request, limitMs);
    if ('trouble' in answer) {
      this.#inTransaction = false;
      throw new DatabaseTrouble(answer.trouble, answer.busy);
    }
    if (answer.isCheckpointing) {
      server.state = 'checkpointing';
      this.#limit(server, this.#limits.opening);
    }
    return answer;
  }

  #exchange(server: Server, request: SharedRequest, limitMs: number): SharedAnswer {
    try {
      if (limitMs !== this.#limits.answer) limitWaiting(server.socket, limitMs);
      writeMessage(server.socket, request);
      const answer = readMessage(server.socket) as SharedAnswer | undefined;
      if (limitMs !== this.#limits.answer) limitWaiting(server.socket, this.#limits.answer);
      if (answer) return answer;
    } catch (error) {
      const { code } = error as { code?: string };
      if (code === 'EAGAIN') {
        const why = `its process did not answer within ${limitMs / 1_000} s`;
        throw this.#lose(server, why, limitMs * PAUSE_FACTOR);
      }
      if (code !== 'EPIPE' && code !== 'ECONNRESET') throw this.#lose(server, messageOf(error));
    }
    throw this.#lose(server, 'its process ended');
  }

  /** Ends the process; the next one is started after a pause. Returns the trouble that there is until then. */
  #lose(server: Server, why: string, hangPauseMs?: number): DatabaseTrouble {
    const trouble = new DatabaseTrouble(why, false);
    const isCurrent = server === this.#server && !this.#isClosed;
    const wasOpening = server.state !== 'ready' && server.state !== 'checkpointing';
    if (performance.now() - server.startedAt > GOOD_LIFE_MS) this.#hangCount = 0;
    this.#end(server);
    if (isCurrent) this.#pause(why, hangPauseMs);
    this.#wasOpened = true;
    if (isCurrent && wasOpening) this.#options.onOpened(trouble);
    return trouble;
  }

  #pause(why: string, hangPauseMs?: number): void {
    const doubled = hangPauseMs === undefined ? PAUSE_MS : hangPauseMs * 2 ** this.#hangCount++;
    const pauseMs = Math.min(MAX_PAUSE_MS, Math.max(PAUSE_MS, doubled));
    this.#pausedFor = why;
    this.#pausedUntil = performance.now() + pauseMs;
    this.#restart = setTimeout(() => this.start(), pauseMs + 1);
    this.#restart.unref();
  }

  #end(server: Server): void {
    if (server === this.#server) {
      this.#server = undefined;
      this.#inTransaction = false;
    }
    if (server.state === 'lost') return;
    server.state = 'lost';
    clearTimeout(server.limit);
    closeSync(server.socket);
    if (server.pid !== undefined) kill(server.pid);
  }
}

function parseEvent(line: string): SharedEvent | undefined {
  try {
    const found = JSON.parse(line) as SharedEvent;
    return typeof found === 'object' && found !== null && 'event' in found ? found : undefined;
  } catch {
    return undefined;
  }
}

/** It is a child of this process until its end is known, so the number is no other's. */
function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}

const ownProgram = () => [process.execPath, ...(isSea() ? [] : [process.argv[1] ?? ''])];
