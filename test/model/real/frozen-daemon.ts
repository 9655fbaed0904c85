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

/** Clients. It lets in one a turn of the loop, and closes until all are in. */
const CROWD = 2_000;

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
    await this.#freeze();
    if (walkedBy(this.#daemon).includes('listener.drained')) throw new TooSlow('all clients were let in');
    await wait(LIMITS.CLOSING_LIMIT + 1);
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
