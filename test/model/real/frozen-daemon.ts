/** Closing lasts only some turns of the daemon's event loop. Events for that time are queued while the daemon is
 * frozen. */
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import type { TestDaemon } from '../../support/daemon.ts';
import { until } from '../../support/until.ts';
import { TooSlow } from '../driver/walk.ts';
import { LIMITS } from '../oracles/limits.ts';
import type { DaemonScenario } from './daemon-scenario.ts';
import { walkedBy } from './daemons.ts';

/** Milliseconds: more than a turn of the event loop takes, and less than accepting all clients takes. */
const TURN = 5;

/** The number of clients. The daemon accepts one per turn of the event loop, and closes until all are accepted. A
 * busy machine must be able to accept all of them within the limit. */
const CROWD = 500;

/** The transition that ends closing, as it is recorded. */
const CLOSED = /after CLOSING_LIMIT|listener\.drained/;

/** Milliseconds. */
const PATIENCE = 30_000;

export class FrozenDaemon {
  readonly isWanted: boolean;
  readonly #daemon: TestDaemon;

  constructor({ held }: DaemonScenario, daemon: TestDaemon) {
    this.isWanted = held.includes('closing');
    this.#daemon = daemon;
  }

  /** Sends a signal that the daemon receives when it is thawed. */
  async signal(signal: NodeJS.Signals): Promise<void> {
    await this.#freeze();
    this.#daemon.signal(signal);
  }

  /** Lets so many clients connect and leave that closing takes a while, and freezes the daemon for the whole limit. */
  async passClosing(): Promise<void> {
    const { socket } = this.#daemon.at;
    for (let clients = 0; clients < CROWD; clients++) {
      const client = connect(socket);
      await once(client, 'connect');
      client.destroy();
    }
    this.thaw();
    const deadline = Date.now() + PATIENCE;
    // Polls without a pause: the daemon removes its socket when it begins to close.
    while (existsSync(socket))
      if (Date.now() > deadline) throw new Error('expected it to close, got a socket');
    // The limit begins later in the same turn of the event loop.
    await wait(TURN);
    await this.#freeze();
    await wait(LIMITS.CLOSING_LIMIT + 1);
    this.thaw();
    const ended = await until('the end of closing', () => CLOSED.exec(walkedBy(this.#daemon))?.[0]);
    if (ended === 'listener.drained') throw new TooSlow('all clients were let in');
  }

  thaw(): void {
    if (this.isWanted) this.#daemon.signal('SIGCONT');
  }

  async #freeze(): Promise<void> {
    const { pid } = this.#daemon;
    this.#daemon.signal('SIGSTOP');
    await until('the daemon to stop', () => /\) T/.test(readFileSync(`/proc/${pid}/stat`, 'utf8')));
  }
}
