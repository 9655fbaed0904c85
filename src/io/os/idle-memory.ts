import { fromLibc } from './libc.ts';

/** Milliseconds without work after which there is rest. Not sooner: V8 forgets what it has compiled of hot code as well, and the
 * next busy time takes a tenth more CPU until that is made again. */
const REST = 10_000;
/** Bytes of growth that are worth the 20 ms or so that it takes. */
const WORTH = 4 * 1024 * 1024;

const trim = fromLibc('int malloc_trim(size_t pad)');

/** Gives back what work has left, once it is done: V8 collects when it needs room and the C library keeps what was freed, so
 * that a daemon at rest would hold as much as in its busiest hour. */
export class IdleMemory {
  readonly #complain: (error: unknown) => void;
  #timer: NodeJS.Timeout | undefined;
  #least = 0;

  /** `complain`: with what kept it from being given back. */
  constructor(complain: (error: unknown) => void) {
    this.#complain = complain;
    this.worked();
  }

  /** To be called with each piece of work. */
  worked(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#release().catch(this.#complain), REST).unref();
  }

  async #release(): Promise<void> {
    if (process.memoryUsage.rss() < this.#least + WORTH) return;
    // Loaded here: a start does without.
    const { Session } = await import('node:inspector/promises');
    const session = new Session();
    session.connect();
    try {
      await session.post('HeapProfiler.collectGarbage');
    } finally {
      session.disconnect();
    }
    trim(0);
    this.#least = process.memoryUsage.rss();
  }
}
