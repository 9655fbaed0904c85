/** Keeps a daemon in a stage for as long as a path needs. */
import { connect, type Socket } from 'node:net';
import Database from 'better-sqlite3';
import type { Layout, TestDaemon } from '../../support/daemon.ts';
import { type HeldDeletion, holdDeletion } from '../../support/held-deletion.ts';
import type { DaemonScenario } from './daemon-scenario.ts';
import { comesTo } from './inside.ts';
import { BRISK, DRIP } from './pace.ts';

/** Milliseconds; less than the 4 s that the daemon grants a write. */
const WRITES_WAIT = 3_000;

export class Holds {
  readonly #scenario: DaemonScenario;
  readonly #at: Layout;
  #other: Database.Database | undefined;
  #child: HeldDeletion | undefined;
  #dripping: NodeJS.Timeout | undefined;
  #clients: readonly Socket[] = [];
  #writing = Number.POSITIVE_INFINITY;
  #hasPaused = false;

  constructor(scenario: DaemonScenario, at: Layout) {
    this.#scenario = scenario;
    this.#at = at;
  }

  lock(): void {
    this.#other = new Database(this.#at.state);
    this.#other.exec('BEGIN IMMEDIATE');
  }

  async take(daemon: TestDaemon): Promise<void> {
    const { held } = this.#scenario;
    if (held.includes('finishing')) this.#child ??= await holdDeletion(daemon, 'held');
    if (held.includes('flushing') && !this.#other) {
      this.lock();
      this.#writing = Date.now();
      // The audit entry is written, and waits for the lock.
      await daemon.ask({ cmd: 'unknown' });
    }
    // These come last, since they may take the only place, and not for long.
    if (held.includes('answering') && !this.#dripping) await this.#drip(daemon);
  }

  /** An optional write is given up after a while. */
  haveWorn(): boolean {
    return Date.now() - this.#writing > WRITES_WAIT;
  }

  /** Clients that should keep sending were delayed, and may have been silent for too long. */
  haveDried(): boolean {
    return this.#hasPaused;
  }

  release(): void {
    this.stopDripping();
    this.releaseChild();
    this.unlock();
  }

  stopDripping(): void {
    clearInterval(this.#dripping);
    for (const client of this.#clients) client.destroy();
  }

  releaseChild(): void {
    this.#child?.release();
    this.#child = undefined;
  }

  unlock(): void {
    this.#other?.close();
    this.#other = undefined;
  }

  /** Starts two clients that keep sending and never complete a request. */
  async #drip(daemon: TestDaemon): Promise<void> {
    const clients = [connect(daemon.at.socket), connect(daemon.at.socket)];
    for (const client of clients) client.on('error', () => {}).write('{');
    this.#clients = clients;
    let last = Date.now();
    this.#dripping = setInterval(() => {
      this.#hasPaused ||= Date.now() - last > BRISK;
      last = Date.now();
      for (const client of clients) if (client.writable) client.write('[');
    }, DRIP);
    await comesTo(
      daemon,
      (inside) => inside?.connections.includes('reading.receiving') ?? false,
      () => new Error('expected a client that sends'),
    );
  }
}
