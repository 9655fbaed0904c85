import type { ServerResponse } from 'node:http';

/** One tab of a browser that hears of the daemon, as server-sent events. What it is told of a topic is always the whole
 * of it: one that reads slowly gets the latest, and nothing is held for it but that. */
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
