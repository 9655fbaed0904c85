import { setTimeout as wait } from 'node:timers/promises';
import type { Gate } from '../chaos/gate.ts';
import { look } from '../support/admin.ts';
import { type Exit, exitOf, type Layout, spawnDaemon, TestDaemon } from '../support/daemon.ts';

const RESTART_PAUSE_MS = 50;
const LOOK_PAUSE_MS = 250;

/** The exit codes with which a shell reports a death by signal, 128 and its number: SIGBUS and SIGSEGV in SQLite's
 * shared memory. */
const CRASH_CODES: readonly (number | null)[] = [135, 139];

/** A member must not be able to prevent a start by taking the name of a socket or of a log. */
const BY_A_NAME = /answers on the socket|in the place of the socket|socket cannot be opened|\blog\b/;

export interface KeeperFigures {
  starts: number;
  refusedStarts: number;
  /** By reason, without paths and numbers. */
  readonly refusals: Record<string, number>;
  /** Deaths by SIGBUS or SIGSEGV: SQLite maps memory that every member of the group can write to. */
  crashes: number;
  /** The longest time that the daemon took to answer an operator or to start. */
  slowestAnswerMs: number;
}

export interface KeeperOptions {
  readonly at: Layout;
  readonly adminSocket: string;
  readonly gate: Gate;
  /** A daemon that answers nothing for this long is frozen. */
  readonly frozenAfterMs: number;
  readonly complain: (complaint: string) => void;
  /** Called as soon as a daemon listens. */
  readonly onStart: () => void;
}

/** Restarts the daemon whenever it ends, as systemd does, and checks that it answers. */
export class Keeper {
  readonly #options: KeeperOptions;
  readonly figures: KeeperFigures = {
    starts: 0,
    refusedStarts: 0,
    refusals: {},
    crashes: 0,
    slowestAnswerMs: 0,
  };
  #wanted = false;
  /** The number of SIGTERMs that the daemon received. */
  #terms = 0;
  #daemon: TestDaemon | undefined;
  #loop: Promise<void> = Promise.resolve();
  /** Why the last start was refused. */
  lastRefusal = '';

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  get daemon(): TestDaemon | undefined {
    return this.#daemon;
  }

  start(): void {
    this.#wanted = true;
    this.#loop = this.#keep();
  }

  /** Ends the daemon with this signal. The daemon is started again unless `stop` was called. */
  end(signal: NodeJS.Signals): void {
    this.#options.gate.close();
    this.signal(signal);
  }

  signal(signal: NodeJS.Signals): void {
    if (signal === 'SIGTERM') this.#terms++;
    try {
      this.#daemon?.signal(signal);
    } catch {
      // The daemon has just ended by itself.
    }
  }

  /** Ends the daemon for good. */
  async stop(signal: NodeJS.Signals): Promise<void> {
    this.#wanted = false;
    this.end(signal);
    await this.#loop;
  }

  async #keep(): Promise<void> {
    const { gate } = this.#options;
    while (this.#wanted) {
      const daemon = await this.#startOne();
      if (!daemon) {
        await wait(RESTART_PAUSE_MS);
        continue;
      }
      this.#daemon = daemon;
      this.#terms = 0;
      this.#options.onStart();
      if (this.#wanted) gate.open();
      else daemon.signal('SIGTERM');
      const watched = this.#watch(daemon);
      const { code, stderr } = await daemon.exited;
      gate.close();
      this.#daemon = undefined;
      await watched;
      if (CRASH_CODES.includes(code)) this.figures.crashes++;
      // SIGTERM and SIGKILL come from the test. A second SIGTERM ends a daemon at once, and so does a third while it closes its logs.
      else if (code !== 0 && code !== 137 && !((code === 1 || code === 143) && this.#terms > 1)) {
        this.#options.complain(`odd: the daemon ended with ${code}: ${stderr.slice(-1_500)}`);
      }
    }
  }

  /** Returns undefined if the daemon refuses to start. */
  async #startOne(): Promise<TestDaemon | undefined> {
    const { at, frozenAfterMs, complain } = this.#options;
    const child = spawnDaemon(at);
    const begun = performance.now();
    const exited = exitOf(child);
    const timer = setTimeout(() => {
      complain(`frozen: a start took more than ${frozenAfterMs} ms`);
      child.kill('SIGKILL');
    }, frozenAfterMs);
    const listening = new Promise<number>((resolve) => {
      let text = '';
      child.stderr?.on('data', (piece: Buffer) => {
        text += piece;
        const [, pid] = /"pid":(\d+),"msg":"listening"/.exec(text) ?? [];
        if (pid !== undefined) resolve(Number(pid));
      });
    });
    const first = await Promise.race([listening, exited]);
    clearTimeout(timer);
    this.#note(performance.now() - begun);
    if (typeof first === 'number') {
      this.figures.starts++;
      return new TestDaemon(at, first, exited);
    }
    this.#refused(first);
    return undefined;
  }

  #refused({ code, stderr }: Exit): void {
    this.figures.refusedStarts++;
    this.lastRefusal = stderr.slice(-1_000);
    const [, reason = 'unknown'] = /dbcalm-cmd: (.*?)\. What to do/.exec(stderr) ?? [];
    const kind = reason.replaceAll(/\/\S+/g, '…').replaceAll(/\d+/g, 'N');
    this.figures.refusals[kind] = (this.figures.refusals[kind] ?? 0) + 1;
    if (CRASH_CODES.includes(code)) this.figures.crashes++;
    else if (BY_A_NAME.test(reason))
      this.#options.complain(`refused: a name kept it from starting: ${reason}`);
    else if (!stderr.includes('What to do: '))
      this.#options.complain(`odd: a start ended so: ${code} ${stderr}`);
  }

  /** Asks until the daemon has ended, and kills a daemon that does not answer. */
  async #watch(daemon: TestDaemon): Promise<void> {
    const { adminSocket, frozenAfterMs, complain } = this.#options;
    let isGone = false;
    const gone = daemon.exited.then(() => {
      isGone = true;
    });
    while (!isGone) {
      const begun = performance.now();
      const answer = look(adminSocket, '/healthz').then(
        () => true,
        () => true,
      );
      const answered = await Promise.race([answer, gone, wait(frozenAfterMs, false)]);
      this.#note(performance.now() - begun);
      if (answered === false && !isGone) {
        complain(`frozen: no answer for ${frozenAfterMs} ms`);
        await daemon.kill();
      }
      await Promise.race([gone, wait(LOOK_PAUSE_MS)]);
    }
  }

  #note(tookMs: number): void {
    this.figures.slowestAnswerMs = Math.max(this.figures.slowestAnswerMs, Math.round(tookMs));
  }
}
