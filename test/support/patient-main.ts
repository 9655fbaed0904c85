/** A daemon with limits that are twenty times as long, for a test that may stall within one of them. */
import { stretchTimers } from './clocks.ts';

const FACTOR = 20;
/** Milliseconds: the shortest limit. */
const SHORTEST = 200;

stretchTimers(FACTOR, SHORTEST);
await import('../../src/main.ts');
