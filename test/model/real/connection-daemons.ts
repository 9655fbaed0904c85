/** Which daemon a path needs; one that is fit for the next path is used again. One client at a time. */
import type { TestDaemon } from '../../support/daemon.ts';
import type { Path } from '../driver/paths.ts';
import type { Daemons } from './daemons.ts';

/** Nobody's. */
const SOMEBODY_ELSE = 4_242_424;
/** So much faster the clock of a daemon runs where its client sends on until a limit: for ten seconds a machine that has
 * much else to do cannot keep up what takes two. */
const HURRY = 5;

export class ConnectionDaemons {
  readonly #daemons: Daemons;
  readonly #free = new Map<string, TestDaemon[]>();

  constructor(daemons: Daemons) {
    this.#daemons = daemons;
  }

  /** Whether the database is locked while the request is there. */
  isLocked({ events }: Path): boolean {
    const allowed = events.indexOf('allowed');
    return events.includes('refused') || (allowed !== -1 && events[allowed + 1] === 'vanish');
  }

  async take(path: Path): Promise<TestDaemon> {
    const free = this.#free.get(kindOf(path))?.pop();
    if (free) return free;
    const config = path.start === 'a stranger' ? { allowed_uids: [SOMEBODY_ELSE] } : {};
    return this.#daemons.launch(undefined, { config, hurry: isHurried(path) ? HURRY : 1 });
  }

  async giveBack(path: Path, daemon: TestDaemon): Promise<void> {
    const kind = kindOf(path);
    // It may be gone, and that not be told yet.
    if (path.events.includes('the daemon drains')) await daemon.kill().catch(() => daemon.exited);
    else this.#free.set(kind, [...(this.#free.get(kind) ?? []), daemon]);
  }
}

const isHurried = ({ events }: Path) => events.includes('REQUEST_LIMIT passes');
const kindOf = (path: Path) => `${path.start}${isHurried(path) ? ', hurried' : ''}`;
