/** Which daemon a path needs; one that is fit for the next path is used again. One client at a time. */
import type { TestDaemon } from '../../support/daemon.ts';
import type { Path } from '../driver/paths.ts';
import type { Daemons } from './daemons.ts';

/** Nobody's. */
const SOMEBODY_ELSE = 4_242_424;

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
    const free = this.#free.get(path.start)?.pop();
    if (free) return free;
    const config = path.start === 'a stranger' ? { allowed_uids: [SOMEBODY_ELSE] } : {};
    return this.#daemons.launch(undefined, { config });
  }

  async giveBack({ start, events }: Path, daemon: TestDaemon): Promise<void> {
    // It may be gone, and that not be told yet.
    if (events.includes('the daemon drains')) await daemon.kill().catch(() => daemon.exited);
    else this.#free.set(start, [...(this.#free.get(start) ?? []), daemon]);
  }
}
