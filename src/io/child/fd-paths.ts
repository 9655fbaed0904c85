/** Replaces names in a stream of bytes, line by line: a name that is split over two pieces, or that a later cut would
 * split, is whole here. */

/** A line longer than this is passed on in parts. */
const LONGEST_LINE = 65_536;

export class RenamedLines {
  readonly #names: ReadonlyMap<string, string>;
  readonly #pattern: RegExp;
  readonly #sink: (piece: Buffer) => void;
  #rest = '';

  /** `pattern` finds what may be one of `names`. */
  constructor(names: ReadonlyMap<string, string>, pattern: RegExp, sink: (piece: Buffer) => void) {
    // One character a byte, so that what is not UTF-8 passes unchanged.
    const bytes = (text: string) => Buffer.from(text).toString('latin1');
    this.#names = new Map([...names].map(([name, path]) => [bytes(name), bytes(path)]));
    this.#pattern = pattern;
    this.#sink = sink;
  }

  push(piece: Buffer): void {
    if (this.#names.size === 0) return this.#sink(piece);
    this.#rest += piece.toString('latin1');
    const end = this.#rest.lastIndexOf('\n') + 1;
    if (end > 0) this.#pass(end);
    if (this.#rest.length > LONGEST_LINE) this.#pass(this.#rest.length);
  }

  /** Passes on what did not end in a newline. */
  end(): void {
    if (this.#rest !== '') this.#pass(this.#rest.length);
  }

  #pass(end: number): void {
    const renamed = this.#rest.slice(0, end).replace(this.#pattern, (name) => this.#names.get(name) ?? name);
    this.#rest = this.#rest.slice(end);
    this.#sink(Buffer.from(renamed, 'latin1'));
  }
}
