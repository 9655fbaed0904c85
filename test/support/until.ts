import { setTimeout as wait } from 'node:timers/promises';

/** A hung test ends with the name of the event that it awaited. No test passes or fails by the speed of a machine. */
const PATIENCE = 60_000;

/** Milliseconds between two polls. The pause grows, since most of them open a database or ask a daemon. */
const SHORTEST_PAUSE_MS = 4;
const LONGEST_PAUSE_MS = 30;
const GROWTH = 1.2;

type Look<T> = () => T | undefined | false | Promise<T | undefined | false>;

/** Polls until `look` returns a value. */
export async function until<T>(what: string, look: Look<T>): Promise<T> {
  const deadline = Date.now() + PATIENCE;
  for (let pauseMs = SHORTEST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * GROWTH, LONGEST_PAUSE_MS)) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await wait(pauseMs);
  }
}
