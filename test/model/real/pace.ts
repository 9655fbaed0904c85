/** How fast clients send that must not be taken for silent. */
import { LIMITS } from '../oracles/limits.ts';

/** Milliseconds between two bytes of a slow client. */
export const DRIP = 50;
/** A client that lets this much of the silence limit pass cannot be distinguished from a silent one. */
export const BRISK = LIMITS.SILENCE_LIMIT * 0.8;
