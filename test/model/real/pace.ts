/** How fast clients send that must not be taken for silent. */
import { LIMITS } from '../oracles/limits.ts';

/** Milliseconds between two bytes of a client that drips. */
export const DRIP = 50;
/** Who lets so much of the time for silence pass cannot be told from a silent client. */
export const BRISK = LIMITS.SILENCE_LIMIT * 0.8;
