/** Long work in slices: one slice at a time in all of the daemon, by turns among users. Between two slices the event loop
 * turns often enough for a small request to be accepted, read, checked, recorded and answered, so that such a request waits
 * for one slice and not for the whole work. */
import { UserTurns } from './user-turns.ts';

/** A small request takes some ten turns from its connection to its reply, and each turn accepts one connection. Of an idle
 * loop so many turns take less than a millisecond. */
const TURNS_BETWEEN_SLICES = 64;

export class LoopShare {
  readonly #waiting = new UserTurns<() => void>();
  #isActive = false;

  /** Resolves when the next slice of this user may run: what runs before the caller waits again. */
  next(user: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.add(user, resolve);
      if (this.#isActive) return;
      this.#isActive = true;
      setImmediate(() => this.#runNext());
    });
  }

  #runNext(): void {
    const run = this.#waiting.next();
    if (run === undefined) {
      this.#isActive = false;
      return;
    }
    run();
    this.#rest(TURNS_BETWEEN_SLICES);
  }

  #rest(turns: number): void {
    setImmediate(() => (turns > 1 ? this.#rest(turns - 1) : this.#runNext()));
  }
}
