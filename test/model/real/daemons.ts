/** Real daemons, each in a directory of its own, that record the transitions which they walk. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import {
  exitOf,
  type Layout,
  launchDaemon,
  layout,
  prepare,
  spawnDaemon,
  TestDaemon,
} from '../../support/daemon.ts';
import { testFolder } from '../../support/folder.ts';
import { innermost } from '../../support/verb.ts';
import type { Coverage } from '../driver/coverage.ts';
import { lookInside } from './inside.ts';
import { Systemd } from './systemd.ts';

const MAIN = join(import.meta.dirname, '..', '..', 'support', 'walked-main.ts');

/** The watchdog period of a systemd service. */
const WATCHDOG_USEC = '200000';

/** The milliseconds between two checks. */
const soon = () => wait(10, false);

export interface LaunchOptions {
  readonly config?: Record<string, unknown>;
  readonly fault?: string | undefined;
  readonly hurry?: number;
  /** The service manager of the daemon. Without it the daemon has none. */
  readonly systemd?: Systemd;
}

const fileIn = (folder: string) => join(folder, 'walked');

function walkedIn(folder: string): string {
  const file = fileIn(folder);
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

/** Returns the transitions that all daemons in the directory have walked so far, as lines. */
export const walkedBy = ({ at }: TestDaemon): string => walkedIn(at.folder);

export class Daemons {
  readonly #t: TestContext;
  readonly #folders: string[] = [];
  readonly #living = new Set<TestDaemon>();

  constructor(t: TestContext) {
    this.#t = t;
    // This hook comes before those of the directories: a daemon must end before its directory is removed.
    t.after(() => Promise.all([...this.#living].map((daemon) => daemon.kill().catch(() => daemon.exited))));
  }

  /** Creates an empty place for daemons. */
  folder(): Layout {
    const folder = testFolder(this.#t);
    this.#folders.push(folder);
    return layout(folder);
  }

  /** Creates a service manager for daemons in such a place. */
  systemd(at: Layout): Systemd {
    return new Systemd(this.#t, at);
  }

  /** Returns the program to run in such a place. */
  program({ folder }: Layout, { fault, hurry = 1, systemd }: LaunchOptions = {}) {
    const env = {
      WALKED: fileIn(folder),
      HURRY: String(hurry),
      ...(fault === undefined ? {} : { FAULT: fault }),
      ...(systemd ? { NOTIFY_SOCKET: systemd.socket, WATCHDOG_USEC } : {}),
    };
    return { main: MAIN, env };
  }

  async launch(at: Layout = this.folder(), options: LaunchOptions = {}): Promise<TestDaemon> {
    prepare(at.folder, options.config);
    return this.#keep(await launchDaemon(at, this.program(at, options)));
  }

  /** Starts a daemon that may fail to listen. Resolves when it can be inspected or has ended. */
  async begin(at: Layout, options: LaunchOptions): Promise<TestDaemon> {
    prepare(at.folder, options.config);
    const child = spawnDaemon(at, undefined, this.program(at, options));
    const exited = exitOf(child);
    const jail = child.pid as number;
    const daemon = new TestDaemon(at, jail, exited);
    const ended = exited.then(() => true);
    while (!(await lookInside(daemon)) && !(await Promise.race([ended, soon()])));
    return this.#keep(existsSync(`/proc/${jail}`) ? new TestDaemon(at, innermost(jail), exited) : daemon);
  }

  #keep(daemon: TestDaemon): TestDaemon {
    this.#living.add(daemon);
    daemon.exited.then(() => this.#living.delete(daemon));
    return daemon;
  }

  /** Adds the transitions that all daemons have walked so far. */
  addTo(coverage: Coverage): void {
    for (const folder of this.#folders) {
      // A killed daemon may have left half a line.
      const lines = walkedIn(folder).split('\n').slice(0, -1);
      for (const line of lines) coverage.add(...(JSON.parse(line) as [string, string]));
    }
  }
}
