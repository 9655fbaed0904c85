import { closeSync } from 'node:fs';
import { Socket } from 'node:net';
import { posix } from 'node:path';
import { isSea } from 'node:sea';
import { messageOf } from '../../errors.ts';
import { onExit } from '../child/exits.ts';
import { openPipe, type Pipe, posixSpawn } from '../child/spawn.ts';
import { limitWaiting, openSocketPair, readMessage, writeMessage } from './blocking-socket.ts';
import { SHARED_DATABASE_VERB, type SharedAnswer, type SharedEvent, type SharedRequest } from './requests.ts';

/** An event is much shorter. */
const MAX_LINE_LENGTH = 65_536;

/** The last part of what the process wrote to stderr is told where it dies. */
const MAX_CRASH_TEXT = 300;

/** An answer has an id or a short text for each of at most 256 rows, and one more for each new command. */
const MAX_ANSWER_BYTES = 1_048_576;

const ENVIRONMENT = ['PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'LANG=C'];

/** The process does not answer within the limit (ms). */
export class NoAnswer extends Error {
  constructor(limitMs: number) {
    super(`its process did not answer within ${limitMs / 1_000} s`);
  }
}

export interface SharedServerOptions {
  /** Of the database. */
  readonly path: string;
  readonly shadow: boolean;
  /** How long an answer may take (ms), unless another limit is given. */
  readonly answerLimitMs: number;
  readonly onStarted: () => void;
  readonly onEvent: (event: SharedEvent) => void;
  /** Called when the process has ended by itself, or could not be started. */
  readonly onEnded: (why: string) => void;
}

/** A process that has the shared database open, and the socket to it. */
export class SharedServer {
  readonly #options: SharedServerOptions;
  readonly #socket: number;
  #pid: number | undefined;
  #isEnded = false;
  #crashText = '';

  /** Throws where there is no file descriptor left. */
  constructor(options: SharedServerOptions) {
    this.#options = options;
    const [socket, theirs] = openSocketPair();
    this.#socket = socket;
    limitWaiting(socket, options.answerLimitMs);
    this.#launch(theirs);
  }

  /** Sends a request that is not answered, or is later by an event. Throws what the system says. */
  send(request: SharedRequest): void {
    writeMessage(this.#socket, request);
  }

  /** Sends a request and waits for its answer. Throws NoAnswer, and an Error where the process has ended. */
  ask(request: SharedRequest, limitMs = this.#options.answerLimitMs): SharedAnswer {
    const isUsual = limitMs === this.#options.answerLimitMs;
    try {
      if (!isUsual) limitWaiting(this.#socket, limitMs);
      writeMessage(this.#socket, request);
      const answer = readMessage(this.#socket, MAX_ANSWER_BYTES) as SharedAnswer | undefined;
      if (!isUsual) limitWaiting(this.#socket, this.#options.answerLimitMs);
      if (answer) return answer;
    } catch (error) {
      const { code } = error as { code?: string };
      if (code === 'EAGAIN') throw new NoAnswer(limitMs);
      if (code !== 'EPIPE' && code !== 'ECONNRESET') throw error;
    }
    throw new Error('its process ended');
  }

  /** Returns when the process has closed the database, or did not within the limit. */
  closeDatabase(): void {
    try {
      this.send({ op: 'close' });
      // The process closes its end when all is done.
      readMessage(this.#socket, MAX_ANSWER_BYTES);
    } catch {
      // It is killed.
    }
  }

  /** Kills the process; nothing more is told of it. */
  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    closeSync(this.#socket);
    this.#kill();
  }

  async #launch(theirs: number): Promise<void> {
    const { path, shadow } = this.#options;
    const [file, ...words] = programWords();
    let events: Pipe | undefined;
    try {
      events = openPipe();
      this.#pid = await posixSpawn({
        file,
        args: [...words, SHARED_DATABASE_VERB, path, ...(shadow ? ['--shadow'] : [])],
        env: ENVIRONMENT,
        folder: '/',
        stdout: events.write,
        stderr: events.write,
        fds: [theirs],
      });
      this.#follow(this.#pid, events.read);
      if (this.#isEnded) this.#kill();
      else this.#options.onStarted();
    } catch (error) {
      if (events && this.#pid === undefined) closeSync(events.read);
      this.#tellEnd(`its process cannot be started: ${messageOf(error)}`);
    } finally {
      if (events) closeSync(events.write);
      closeSync(theirs);
    }
  }

  #follow(pid: number, fd: number): void {
    let text = '';
    const events = new Socket({ fd, readable: true, writable: false });
    events.setEncoding('utf8').on('data', (piece: string) => {
      const lines = (text + piece).split('\n');
      text = lines.pop()?.slice(-MAX_LINE_LENGTH) ?? '';
      for (const line of lines) this.#hear(line);
    });
    events.on('error', () => {});
    events.once('close', () => {
      onExit(pid, ({ code, signal }) => {
        // From now on the number may be that of another process.
        this.#pid = undefined;
        const how = signal === 0 ? `exit code ${code}` : `signal ${signal}`;
        const last = `${this.#crashText}${text}`.slice(-MAX_CRASH_TEXT);
        this.#tellEnd(`its process ended (${how}) ${last}`.trim());
      });
    });
  }

  #hear(line: string): void {
    const event = parseEvent(line);
    if (!event) this.#crashText = `${this.#crashText}${line} `.slice(-MAX_CRASH_TEXT);
    else if (!this.#isEnded) this.#options.onEvent(event);
  }

  #tellEnd(why: string): void {
    if (!this.#isEnded) this.#options.onEnded(why);
  }

  /** The number is no other process's until the end of this one is known. */
  #kill(): void {
    try {
      if (this.#pid !== undefined) process.kill(this.#pid, 'SIGKILL');
    } catch {
      // It has ended.
    }
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

/** The words that start this program. In the npm package all of it is one file. */
function programWords(): readonly [file: string, ...words: string[]] {
  if (isSea()) return [process.execPath];
  // The build replaces each of these as a whole.
  const file = import.meta.filename;
  const isSource = file.endsWith('.ts');
  return [process.execPath, isSource ? posix.join(import.meta.dirname, '../../main.ts') : file];
}
