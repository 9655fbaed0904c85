/** What a daemon tells systemd, as systemd hears it: on a socket in the daemon's own folder. */
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import type { Layout, TestDaemon } from '../../support/daemon.ts';
import { undoLater } from '../../support/undo.ts';
import { datagramEar } from '../../support/unix-socket.ts';

/** Milliseconds between two looks: Linux holds ten datagrams for who does not read them. */
const OFTEN = 20;
/** Milliseconds; generous, for a machine that has much else to do. */
const PATIENCE = 30_000;
/** Heard twice in each period of the watchdog. */
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

  /** All until now, in order. */
  heard(): readonly string[] {
    this.#heard.push(...this.#ear());
    return this.#heard;
  }

  /** Waits for two beats of the daemon's heart: by the second it has told what it was about to tell. */
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
