/** Runs work concurrently, except for work that has to be alone. */
export class Turns {
  readonly #working = new Set<Promise<unknown>>();
  #alone: Promise<unknown> = Promise.resolve();

  /** Runs concurrent work once no exclusive work runs or waits. */
  async together<T>(work: () => Promise<T>): Promise<T> {
    for (let seen: unknown; seen !== this.#alone; ) {
      seen = this.#alone;
      await seen;
    }
    return this.#counted(work());
  }

  /** Runs exclusive work once the present work has ended. Later work waits. */
  alone<T>(work: () => Promise<T>): Promise<T> {
    const mine = Promise.allSettled([this.#alone, ...this.#working]).then(work);
    this.#alone = mine.catch(() => {});
    return mine;
  }

  async #counted<T>(working: Promise<T>): Promise<T> {
    this.#working.add(working);
    try {
      return await working;
    } finally {
      this.#working.delete(working);
    }
  }
}
