/** The event loop, shared among users: long work runs in slices, one at a time in all of the daemon, by turns among users.
 * Between two slices the loop turns often enough for a small request to be accepted, read, checked, recorded and answered,
 * so that such a request waits for one slice and not for the whole work. Of large requests one piece is read in a turn. */
import { UserTurns } from './user-turns.ts';

/** A small request takes some ten turns from its connection to its reply, and each turn accepts one connection. Of an idle
 * loop so many turns take less than a millisecond. */
const TURNS_BETWEEN_SLICES = 128;

export class LoopShare {
  readonly #waiting = new UserTurns<() => void>();
  readonly #readers = new UserTurns<() => void>();
  #isActive = false;
  #isReading = false;

  /** Resolves when the next slice of this user may run: what runs before the caller waits again. */
  next(user: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.add(user, resolve);
      if (this.#isActive) return;
      this.#isActive = true;
      setImmediate(() => this.#runNext());
    });
  }

  /** Calls `then` in a turn of the loop in which no other large request is read. */
  nextPiece(user: number, then: () => void): void {
    this.#readers.add(user, then);
    if (this.#isReading) return;
    this.#isReading = true;
    setImmediate(() => this.#readNext());
  }

  #readNext(): void {
    const read = this.#readers.next();
    this.#isReading = read !== undefined;
    if (read === undefined) return;
    read();
    setImmediate(() => this.#readNext());
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
