/** A daemon whose limits are twenty times as long, for a test that must keep within one: it may stand still meanwhile. */
const FACTOR = 20;
/** Milliseconds: the shortest limit. */
const SHORTEST = 200;

const original = globalThis.setTimeout;
const patient = (then: () => void, milliseconds = 0, ...rest: []) =>
  original(then, milliseconds >= SHORTEST ? milliseconds * FACTOR : milliseconds, ...rest);
globalThis.setTimeout = Object.assign(patient, original) as never;

await import('../../src/main.ts');
