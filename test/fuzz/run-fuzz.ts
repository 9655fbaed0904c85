import { launchDaemon, type TestDaemon } from '../support/daemon.ts';
import { until } from '../support/until.ts';
import { describe, makeCase } from './cases.ts';
import { deliver } from './deliver.ts';
import * as invariants from './invariants.ts';
import { type Place, preparePlace, put } from './place.ts';
import { judge } from './replies.ts';
import { changes, snapshot } from './snapshot.ts';

const CLIENTS = 24;
/** Number of requests between two checks of the daemon. */
const LOOK_EVERY = 500;

export interface FuzzOptions {
  readonly seed: number;
  readonly folder: string;
  /** Number of the first request. */
  readonly first?: number;
  /** The run ends with `seconds` or `requests`, whichever comes first. */
  readonly seconds?: number;
  readonly requests?: number;
  /** Called for every violation. */
  readonly complain?: (violation: string) => void;
}

export interface Figures {
  requests: number;
  /** Requests that were not sent, since they could have led out of the test directory. */
  dropped: number;
  /** Number of replies by code; `none` counts requests without a reply. */
  readonly replies: Record<string, number>;
  seconds: number;
  peakMiB: number;
  violations: number;
}

/** Sends generated requests to one daemon, and checks the invariants. */
export async function runFuzz(options: FuzzOptions): Promise<Figures> {
  const place = preparePlace(options.folder);
  const cwd = process.cwd();
  // The daemon starts in the test directory, so relative paths do not lead out of it either.
  process.chdir(options.folder);
  const daemon = await launchDaemon(place).finally(() => process.chdir(cwd));
  try {
    return await new Fuzz(options, place, daemon).run();
  } finally {
    await daemon.kill();
  }
}

class Fuzz {
  readonly #options: FuzzOptions;
  readonly #place: Place;
  readonly #daemon: TestDaemon;
  readonly #figures: Figures = {
    requests: 0,
    dropped: 0,
    replies: {},
    seconds: 0,
    peakMiB: 0,
    violations: 0,
  };
  readonly #accepted = new Set<string>();
  #next: number;
  #dead = false;

  constructor(options: FuzzOptions, place: Place, daemon: TestDaemon) {
    this.#options = options;
    this.#place = place;
    this.#daemon = daemon;
    this.#next = options.first ?? 0;
    daemon.exited.then(({ code, stderr }) => {
      if (!this.#dead) this.#violation('the daemon', `it ended with ${code}: ${stderr.slice(-2_000)}`);
      this.#dead = true;
    });
  }

  async run(): Promise<Figures> {
    const { seconds = Number.POSITIVE_INFINITY, requests = Number.POSITIVE_INFINITY } = this.#options;
    const before = snapshot(this.#place);
    const started = performance.now();
    const end = this.#next + requests;
    const client = async () => {
      while (!this.#dead && this.#next < end && performance.now() - started < seconds * 1_000) {
        const number = this.#next++;
        await this.#send(number).catch((error: unknown) => this.#violation(number, String(error)));
      }
    };
    await Promise.all(Array.from({ length: CLIENTS }, client));
    this.#figures.seconds = (performance.now() - started) / 1_000;
    if (!this.#dead) await this.#settle();
    const flaws = [
      ...changes(before, snapshot(this.#place)).map((change) => `changed: ${change}`),
      ...invariants.litter(this.#place),
      ...invariants.cronFlaws(this.#place),
      ...invariants.rowFlaws(this.#place, this.#accepted),
    ];
    for (const flaw of flaws) this.#violation('the end', flaw);
    return this.#figures;
  }

  async #send(number: number): Promise<void> {
    const sent = makeCase(this.#options.seed, number, this.#place);
    if (sent === undefined) {
      this.#figures.dropped++;
      return;
    }
    for (const prop of sent.props) put(prop, this.#place);
    const heard = await deliver(this.#place.socket, sent);
    if (this.#dead) return;
    const { reply, flaw } = judge(sent, heard, this.#place);
    if (flaw !== undefined) this.#violation(number, `${flaw}\n  ${describe(sent)}`);
    this.#count(reply === undefined ? 'none' : String(reply.code));
    if (reply?.id !== undefined) this.#accepted.add(reply.id);
    if (this.#figures.requests % LOOK_EVERY === 0) this.#look(number);
  }

  #count(code: string): void {
    this.#figures.requests++;
    this.#figures.replies[code] = (this.#figures.replies[code] ?? 0) + 1;
  }

  #look(number: number): void {
    const resident = invariants.residentMiB(this.#daemon.pid);
    this.#figures.peakMiB = Math.max(this.#figures.peakMiB, Math.round(resident));
    if (resident > invariants.MOST_RESIDENT)
      this.#violation(number, `the daemon holds ${Math.round(resident)} MiB`);
    for (const flaw of invariants.cronFlaws(this.#place)) this.#violation(number, flaw);
    invariants.emptyLogs(this.#place);
  }

  /** Checks that the daemon still answers and that all accepted commands end. */
  async #settle(): Promise<void> {
    // The final checks also judge a run that never settles.
    await until('the end of all commands', () => invariants.isSettled(this.#place)).catch(() => {});
    const lives = this.#daemon.ask({ cmd: 'cleanup_backups', args: { backup_ids: null, folders: null } });
    const { code } = await lives.catch((error: unknown) => ({ code: String(error) }));
    if (code !== 202) this.#violation('the end', `${code} to a good request`);
    await until('its end', () => invariants.isSettled(this.#place)).catch(() => {});
    this.#look(this.#next);
    this.#dead = true;
  }

  #violation(request: number | string, what: string): void {
    this.#figures.violations++;
    const where = typeof request === 'number' ? `request ${request}` : request;
    this.#options.complain?.(`seed ${this.#options.seed}, ${where}: ${what}`);
  }
}
