/** A daemon whose limits are twenty times as long, for a test that must keep within one: it may stand still meanwhile. */
import { stretchTimers } from './clocks.ts';

const FACTOR = 20;
/** Milliseconds: the shortest limit. */
const SHORTEST = 200;

stretchTimers(FACTOR, SHORTEST);
await import('../../src/main.ts');
