/** Closing lasts for some turns of a daemon's loop only: what shall happen in it is put in line while it is frozen. */
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

/** Milliseconds: more than a turn of its loop takes, and less than letting all in does. */
const TURN = 5;

/** Clients. It lets in one a turn of the loop, and closes until all are in: not so many that a machine which has much else
 * to do cannot let them in before the daemon is tired of them. */
const CROWD = 500;

/** What ends closing, as it is written down. */
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

  /** What it gets when it is thawed. */
  async signal(signal: NodeJS.Signals): Promise<void> {
    await this.#freeze();
    this.#daemon.signal(signal);
  }

  /** So many clients wait, gone already, that it closes for a while; in which it is frozen for as long as it gives them. */
  async passClosing(): Promise<void> {
    const { socket } = this.#daemon.at;
    for (let clients = 0; clients < CROWD; clients++) {
      const client = connect(socket);
      await once(client, 'connect');
      client.destroy();
    }
    this.thaw();
    const deadline = Date.now() + PATIENCE;
    // Without a pause: it takes its socket away when it begins to close.
    while (existsSync(socket))
      if (Date.now() > deadline) throw new Error('expected it to close, got a socket');
    // In the same turn of its loop, after that, its time begins.
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
