import type { ServerResponse } from 'node:http';

/** One browser tab that receives the state of the daemon as server-sent events. Each message contains the whole state of
 * its topic, so a slow tab gets only the latest, and nothing else is buffered for it. */
export class Reader {
  readonly #out: ServerResponse;
  readonly #waiting = new Map<string, string>();
  #blocked = false;

  constructor(out: ServerResponse) {
    this.#out = out;
    out.on('error', () => {});
  }

  /** `text`: on one line, as JSON is. */
  tell(topic: string, text: string): void {
    this.#waiting.set(topic, text);
    if (!this.#blocked) this.#flush();
  }

  #flush(): void {
    const text = [...this.#waiting].map(([topic, data]) => `event: ${topic}\ndata: ${data}\n\n`).join('');
    this.#waiting.clear();
    if (text === '' || this.#out.destroyed || this.#out.write(text)) return;
    this.#blocked = true;
    this.#out.once('drain', () => {
      this.#blocked = false;
      this.#flush();
    });
  }
}
