/** Chooses the daemon for a path. A daemon that is fit for the next path is used again, for one client at a time. */
import type { TestDaemon } from '../../support/daemon.ts';
import type { Path } from '../driver/paths.ts';
import { isHung } from './connection-paths.ts';
import type { Daemons, LaunchOptions } from './daemons.ts';

/** The uid of no user. */
const SOMEBODY_ELSE = 4_242_424;
/** The factor by which the clock of a daemon runs faster where a long limit is waited for. With ten seconds a busy
 * machine cannot keep up with what takes two, and after four the store gives up by itself. */
const HURRY = 5;

export class ConnectionDaemons {
  readonly #daemons: Daemons;
  readonly #free = new Map<string, TestDaemon[]>();

  constructor(daemons: Daemons) {
    this.#daemons = daemons;
  }

  async take(path: Path): Promise<TestDaemon> {
    const needs = needsOf(path);
    const free = this.#free.get(JSON.stringify(needs))?.pop();
    return free ?? this.#daemons.launch(undefined, needs);
  }

  async giveBack(path: Path, daemon: TestDaemon): Promise<void> {
    const kind = JSON.stringify(needsOf(path));
    // The daemon may have died without a report yet, and a fault occurs only once.
    if (SPENT.some((event) => path.events.includes(event))) await daemon.kill().catch(() => daemon.exited);
    else this.#free.set(kind, [...(this.#free.get(kind) ?? []), daemon]);
  }
}

const SPENT = ['the daemon drains', 'cannot be sent'];

function needsOf(path: Path): LaunchOptions {
  const isHurried = path.events.some((event) => /REQUEST_LIMIT|ACCEPT_LIMIT/.test(event));
  return {
    config: path.start === 'a stranger' ? { allowed_uids: [SOMEBODY_ELSE] } : {},
    fault: faultOf(path),
    hurry: isHurried ? HURRY : 1,
  };
}

function faultOf(path: Path): string | undefined {
  if (isHung(path)) return 'checkPlaces hang';
  return path.events.includes('cannot be sent') ? 'reply.sending throw' : undefined;
}
