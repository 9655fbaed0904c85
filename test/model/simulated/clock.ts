import type { SimulatedClock } from 'xstate';
import { LIMITS, type Limit } from '../oracles/limits.ts';

interface Timed {
  readonly clock: SimulatedClock;
  readonly state: () => string;
}

/** Advances the clock past a named delay that has just begun. Nothing may happen until a millisecond before its end. */
export function pass({ clock, state }: Timed, limit: Limit, alreadyPassed = 0): void {
  const before = state();
  clock.increment(LIMITS[limit] - alreadyPassed - 1);
  if (state() !== before) throw new Error(`expected ${before} until ${limit} is over, got ${state()} before`);
  clock.increment(2);
  if (state() === before) throw new Error(`expected another state after ${limit}, got still ${before}`);
}

/** Compares the state of a path with `got`, which has the form `reading:silent`. */
export function check(expected: string, got: string): void {
  const state = got.replaceAll(':', '.');
  if (state !== expected) throw new Error(`expected the state ${expected}, got ${state}`);
}
