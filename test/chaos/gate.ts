/** Lets clients pass while a daemon listens. */
export class Gate {
  #opened = Promise.withResolvers<boolean>();
  #isOpen = false;
  readonly #turns = new Set<Promise<void>>();

  open(): void {
    this.#isOpen = true;
    this.#opened.resolve(true);
  }

  /** Closes the gate. Clients that wait at the gate continue to wait. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#opened = Promise.withResolvers();
  }

  /** Ends all waiting: no daemon will come any more. */
  shut(): void {
    this.#opened.resolve(false);
  }

  /** Resolves with true when a daemon listens, or with false when none will. */
  passed(): Promise<boolean> {
    return this.#opened.promise;
  }

  /** Registers a turn of a client with the daemon. */
  async during(turn: Promise<void>): Promise<void> {
    this.#turns.add(turn);
    try {
      await turn;
    } finally {
      this.#turns.delete(turn);
    }
  }

  /** Resolves when no client has a turn. */
  async quiet(): Promise<void> {
    await Promise.allSettled(this.#turns);
  }
}
