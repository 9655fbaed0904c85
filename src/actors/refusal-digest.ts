/** Refusals that cost who asks nothing: of one user's only so many are worth a line. */
import { type Peer, userOf } from '../io/peer.ts';
import type { SecurityEvent } from '../io/reply.ts';

/** Milliseconds in which one user's refusals of one kind are told once. */
export const INTERVAL = 1_000;

/** Those that were told longest ago are forgotten beyond this. */
const MAX_REMEMBERED = 1_000;

const DIGESTED: readonly (SecurityEvent | undefined)[] = ['peer.refused', 'rate.limited'];

/** A refusal to be told, and how many like it were left out before it. */
export interface Told<R> {
  readonly refusal: R;
  readonly repeated: number;
}

interface Window<R> {
  readonly at: number;
  untold: number;
  last?: R;
}

export class RefusalDigest<R> {
  readonly #windows = new Map<string, Window<R>>();
  #forgotten: Window<R>[] = [];

  /** How many like this one were left out since the last; undefined: leave this out as well. */
  repeated(peer: Peer, event: SecurityEvent | undefined, at: Date, refusal: R): number | undefined {
    if (!DIGESTED.includes(event)) return 0;
    const key = `${userOf(peer)} ${event}`;
    const window = this.#windows.get(key);
    if (window && !isOver(window, at)) {
      window.untold++;
      window.last = refusal;
      return undefined;
    }
    this.#open(key, at);
    return window?.untold ?? 0;
  }

  /** Whether anything was left out and is not told yet. */
  get owes(): boolean {
    return this.#forgotten.length > 0 || [...this.#windows.values()].some(({ untold }) => untold > 0);
  }

  /** The last that was left out in each window that is over, or in all: what nothing followed would never be told. It
   * opens another, as if it came now. */
  due(at: Date, all = false): Told<R>[] {
    const due = this.#forgotten;
    this.#forgotten = [];
    for (const [key, window] of [...this.#windows]) {
      if (window.untold === 0 || !(all || isOver(window, at))) continue;
      due.push(window);
      this.#open(key, at);
    }
    return due.map(({ untold, last }) => ({ refusal: last as R, repeated: untold - 1 }));
  }

  #open(key: string, at: Date): void {
    this.#windows.delete(key);
    this.#windows.set(key, { at: at.getTime(), untold: 0 });
    if (this.#windows.size <= MAX_REMEMBERED) return;
    const [oldest, window] = this.#windows.entries().next().value as [string, Window<R>];
    this.#windows.delete(oldest);
    if (window.untold > 0) this.#forgotten.push(window);
  }
}

/** A clock that was set back must not silence anybody. */
function isOver(window: Window<unknown>, now: Date): boolean {
  const age = now.getTime() - window.at;
  return age < 0 || age >= INTERVAL;
}
