/** Finds the end of one JSON object in a stream of bytes, whatever the size of the pieces. */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = [0x7b, 0x5b];
const CLOSE = [0x7d, 0x5d];
const WHITE_SPACE = [0x20, 0x09, 0x0a, 0x0d];

/** How far a request has come. `bytes` counts everything received; `open` the brackets still open. */
export interface Progress {
  readonly bytes: number;
  readonly open: number;
  readonly inString: boolean;
}

/** `more`: the object is not complete. `complete`: the text up to the end of the piece that completed it.
 * `oversized`: more than `limit` bytes came. `stray`: the first byte cannot begin an object. */
export type Scan = { kind: 'more' | 'oversized' } | { kind: 'complete' | 'stray'; text: Buffer };

export class ObjectScanner {
  #buffer = Buffer.alloc(4096);
  #length = 0;
  #received = 0;
  #depth = 0;
  #inString = false;
  #escaped = false;
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get progress(): Progress {
    return { bytes: this.#received, open: this.#depth, inString: this.#inString };
  }

  push(piece: Buffer): Scan {
    this.#received += piece.length;
    if (this.#received > this.#limit) return { kind: 'oversized' };
    const from = this.#append(piece);
    for (let at = from; at < this.#length; at++) {
      if (this.#inString) at = this.#endOfString(at);
      else if (this.#depth > 1) at = this.#endOfNesting(at);
      const ended = at < this.#length ? this.#step(this.#buffer[at] as number) : undefined;
      if (ended === undefined) continue;
      return { kind: ended, text: this.#buffer.subarray(0, this.#length) };
    }
    return { kind: 'more' };
  }

  /** Where the string ends that begins or goes on at `from`: at its closing quote, or with what has come. Most bytes of a
   * long request are passed here, so it keeps to local variables. */
  #endOfString(from: number): number {
    const [buffer, end] = [this.#buffer, this.#length];
    let escaped = this.#escaped;
    let at = from;
    for (; at < end; at++) {
      const byte = buffer[at];
      if (escaped) escaped = false;
      else if (byte === BACKSLASH) escaped = true;
      else if (byte === QUOTE) break;
    }
    this.#escaped = escaped;
    return at;
  }

  /** Where something comes that `#step` is to take: a quote, or the bracket that leaves one open. Also local. */
  #endOfNesting(from: number): number {
    const [buffer, end] = [this.#buffer, this.#length];
    let depth = this.#depth;
    let at = from;
    for (; at < end; at++) {
      const byte = buffer[at] as number;
      if (byte === QUOTE) break;
      if (byte === OPEN[0] || byte === OPEN[1]) depth++;
      else if (byte === CLOSE[0] || byte === CLOSE[1]) {
        if (depth === 1) break;
        depth--;
      }
    }
    this.#depth = depth;
    return at;
  }

  /** Takes a byte outside of strings, or the quote that ends one. */
  #step(byte: number): 'complete' | 'stray' | undefined {
    if (this.#inString) this.#inString = false;
    else if (this.#depth === 0) {
      if (byte === OPEN[0]) this.#depth = 1;
      else if (!WHITE_SPACE.includes(byte)) return 'stray';
    } else if (byte === QUOTE) this.#inString = true;
    else if (OPEN.includes(byte)) this.#depth++;
    else if (CLOSE.includes(byte) && --this.#depth === 0) return 'complete';
    return undefined;
  }

  /** One growing buffer: 65,000 small ones would cost far more than the copies. Returns where the piece begins. */
  #append(piece: Buffer): number {
    const from = this.#length;
    const needed = from + piece.length;
    if (needed > this.#buffer.length) {
      const larger = Buffer.alloc(Math.min(Math.max(needed, this.#buffer.length * 2), this.#limit));
      this.#buffer.copy(larger, 0, 0, from);
      this.#buffer = larger;
    }
    piece.copy(this.#buffer, from);
    this.#length = needed;
    return from;
  }
}
