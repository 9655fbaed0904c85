/** Keeps the beginning and the end of a stream, at most `limit` bytes, and notes how much lies between. */
export class BoundedCapture {
  readonly #head: Buffer[] = [];
  #headBytes = 0;
  /** Made when the head is full: most children print little. */
  #tail = Buffer.alloc(0);
  #tailBytes = 0;
  #at = 0;
  readonly #headLimit: number;
  readonly #tailLimit: number;

  constructor(limit: number) {
    this.#headLimit = Math.ceil(limit / 2);
    this.#tailLimit = Math.floor(limit / 2);
  }

  push(piece: Buffer): void {
    const room = this.#headLimit - this.#headBytes;
    const head = piece.subarray(0, Math.max(0, room));
    // A copy: the piece is a window on a buffer that would stay alive with it.
    if (head.length > 0) this.#head.push(Buffer.from(head));
    this.#headBytes += head.length;
    this.#pushTail(piece.subarray(head.length));
  }

  text(): string {
    const kept = Math.min(this.#tailBytes, this.#tail.length);
    const start = this.#tailBytes > this.#tail.length ? this.#at : 0;
    const tail = Buffer.concat([this.#tail.subarray(start, kept), this.#tail.subarray(0, start)]);
    const cut = this.#tailBytes - kept;
    const note = cut === 0 ? [] : [Buffer.from(`\n… ${cut} bytes left out …\n`)];
    return Buffer.concat([...this.#head, ...note, tail]).toString('utf8');
  }

  #pushTail(piece: Buffer): void {
    if (piece.length === 0 || this.#tailLimit === 0) return;
    if (this.#tail.length === 0) this.#tail = Buffer.alloc(this.#tailLimit);
    this.#tailBytes += piece.length;
    const last = piece.subarray(-this.#tail.length);
    const first = Math.min(last.length, this.#tail.length - this.#at);
    last.copy(this.#tail, this.#at, 0, first);
    last.copy(this.#tail, 0, first);
    this.#at = (this.#at + last.length) % this.#tail.length;
  }
}
