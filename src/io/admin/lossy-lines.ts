import type { Writable } from 'node:stream';

/** Lines that are held for a reader that does not read. */
export const MAX_HELD_LINES = 2_000;

/** Writes lines to a reader that may be slow or stuck. Lines that it does not take are dropped, and it gets their number. */
export class LossyLines {
  readonly #out: Writable;
  readonly #limit: number;
  #held: string[] = [];
  #lost = 0;
  #scheduled = false;
  #blocked = false;

  constructor(out: Writable, limit = MAX_HELD_LINES) {
    this.#out = out;
    this.#limit = limit;
  }

  write(line: string): void {
    if (this.#held.length < this.#limit) this.#held.push(line);
    else this.#lost++;
    if (this.#scheduled || this.#blocked) return;
    // One write for all of a turn.
    this.#scheduled = true;
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    this.#scheduled = false;
    if (this.#out.destroyed || (this.#held.length === 0 && this.#lost === 0)) return;
    const gap = this.#lost > 0 ? [JSON.stringify({ lost: this.#lost })] : [];
    const text = [...this.#held, ...gap].map((line) => `${line}\n`).join('');
    this.#held = [];
    this.#lost = 0;
    if (this.#out.write(text)) return;
    this.#blocked = true;
    this.#out.once('drain', () => {
      this.#blocked = false;
      this.#flush();
    });
  }
}
