/** The part of a stream that is kept. `left`: how many bytes are not kept; a note in the text says so. */
export interface Captured {
  readonly text: string;
  readonly left: number;
}

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

  /** How many bytes lie between the beginning and the end. */
  get left(): number {
    return Math.max(0, this.#tailBytes - this.#tail.length);
  }

  text(): string {
    const kept = Math.min(this.#tailBytes, this.#tail.length);
    const start = this.#tailBytes > this.#tail.length ? this.#at : 0;
    const tail = Buffer.concat([this.#tail.subarray(start, kept), this.#tail.subarray(0, start)]);
    const cut = this.#tailBytes - kept;
    const note = cut === 0 ? [] : [Buffer.from(noteOf(cut))];
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

const noteOf = (bytes: number) => `\n… ${bytes} bytes left out …\n`;

/** Two captures, one after the other, as one of at most `limit` bytes and one note. */
export function joinCaptured(first: Captured, second: Captured, limit: number): Captured {
  if (first.text === '') return second;
  if (second.text === '') return first;
  const [head, end] = halves(first);
  const [start, tail] = halves(second);
  const middle = new BoundedCapture(limit);
  for (const text of [head, end, start, tail]) middle.push(Buffer.from(text));
  const left = first.left + second.left + middle.left;
  // Where something was left out before, the kept halves alone are longer than the limit: there is a note to replace.
  return { text: middle.text().replace(noteOf(middle.left), noteOf(left)), left };
}

/** Returns the text before and after the note. */
function halves({ text, left }: Captured): [string, string] {
  const at = left === 0 ? -1 : text.indexOf(noteOf(left));
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + noteOf(left).length)];
}
