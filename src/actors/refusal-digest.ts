/** Refusals that cost who asks nothing: of one user's only so many are worth a line. */
import { type Peer, userOf } from '../io/peer.ts';
import type { SecurityEvent } from '../io/reply.ts';

/** Milliseconds in which one user's refusals of one kind are told once. */
const INTERVAL = 1_000;

/** Those that were told longest ago are forgotten beyond this. */
const MAX_REMEMBERED = 1_000;

const DIGESTED: readonly (SecurityEvent | undefined)[] = ['peer.refused', 'rate.limited'];

export class RefusalDigest {
  readonly #told = new Map<string, { readonly at: number; untold: number }>();

  /** How many like this one were left out since the last; undefined: leave this out as well. */
  repeated(peer: Peer, event: SecurityEvent | undefined, at: Date): number | undefined {
    if (!DIGESTED.includes(event)) return 0;
    const key = `${userOf(peer)} ${event}`;
    const last = this.#told.get(key);
    const age = last ? at.getTime() - last.at : INTERVAL;
    // A clock that was set back must not silence anybody.
    if (last && age >= 0 && age < INTERVAL) {
      last.untold++;
      return undefined;
    }
    this.#told.delete(key);
    this.#told.set(key, { at: at.getTime(), untold: 0 });
    if (this.#told.size > MAX_REMEMBERED) this.#told.delete(this.#told.keys().next().value as string);
    return last?.untold ?? 0;
  }
}
