/** Receives the messages of a daemon to systemd, on a socket in the daemon's own directory. */
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import type { Layout, TestDaemon } from '../../support/daemon.ts';
import { undoLater } from '../../support/undo.ts';
import { datagramEar } from '../../support/unix-socket.ts';

/** Milliseconds between two reads: Linux queues ten datagrams for a slow reader. */
const OFTEN = 20;
/** Milliseconds; generous, for a busy machine. */
const PATIENCE = 30_000;
/** Received twice in each period of the watchdog. */
export const BEAT = 'WATCHDOG=1';

export class Systemd {
  readonly socket: string;
  readonly #ear: () => string[];
  readonly #listening: NodeJS.Timeout;
  readonly #heard: string[] = [];

  constructor(t: TestContext, { folder }: Layout) {
    this.socket = join(folder, 'notify');
    this.#ear = datagramEar(t, this.socket);
    this.#listening = setInterval(() => this.heard(), OFTEN);
    undoLater(t, () => this.stop());
  }

  /** Returns all messages so far, in order. */
  heard(): readonly string[] {
    this.#heard.push(...this.#ear());
    return this.#heard;
  }

  /** Waits for two watchdog messages. By the second one the daemon has sent its pending messages. */
  async beats(daemon: TestDaemon): Promise<void> {
    let isOver = false;
    daemon.exited.then(() => {
      isOver = true;
    });
    const count = () => this.heard().filter((words) => words === BEAT).length;
    const deadline = Date.now() + PATIENCE;
    for (const wanted = count() + 2; count() < wanted; await wait(5)) {
      if (isOver) throw new Error('expected its heart to beat, got its end');
      if (Date.now() > deadline) throw new Error('expected its heart to beat, got silence');
    }
  }

  stop(): void {
    clearInterval(this.#listening);
  }
}
