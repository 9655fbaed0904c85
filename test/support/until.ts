import { setTimeout as wait } from 'node:timers/promises';

/** A hung test ends with the name of the event that it awaited. No test passes or fails by the speed of a machine. */
const PATIENCE = 60_000;

/** Polls until `look` returns a value. */
export async function until<T>(what: string, look: () => T | undefined | false): Promise<T> {
  const deadline = Date.now() + PATIENCE;
  for (;;) {
    const found = look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await wait(5);
  }
}
