import type { SimulatedClock } from 'xstate';
import { LIMITS, type Limit } from '../oracles/limits.ts';

interface Timed {
  readonly clock: SimulatedClock;
  readonly state: () => string;
}

/** Lets a named delay pass that began just now: a millisecond before its end nothing has happened, one after it has. */
export function pass({ clock, state }: Timed, limit: Limit, alreadyPassed = 0): void {
  const before = state();
  clock.increment(LIMITS[limit] - alreadyPassed - 1);
  if (state() !== before) throw new Error(`expected ${before} until ${limit} is over, got ${state()} before`);
  clock.increment(2);
  if (state() === before) throw new Error(`expected another state after ${limit}, got still ${before}`);
}

/** A path tells where it leads; `got` reads `reading:silent`. */
export function check(expected: string, got: string): void {
  const state = got.replaceAll(':', '.');
  if (state !== expected) throw new Error(`expected the state ${expected}, got ${state}`);
}
