/** Walks a path with whatever can do its events: the machine itself, or the real thing. */

import type { Path } from './paths.ts';
import { inWords } from './words.ts';

/** What is seen from outside in the end, in words: `{ reply: 'a 400', row: 'no row' }`. */
export type Sight = Readonly<Record<string, string>>;

export interface Subject {
  /** By the words of the vocabulary: makes it happen. */
  readonly events: Readonly<Record<string, () => unknown>>;
  /** By state: throws unless what can be seen says that it is in it. A state without an entry cannot be told. */
  readonly states?: Readonly<Record<string, () => unknown>> | undefined;
  /** Lets what was begun come to rest, and looks. */
  readonly rest: () => Sight | Promise<Sight>;
  readonly end?: () => unknown;
}

/** Thrown by a subject that could not do in time what a path asks of it: the walk says nothing, and is begun anew. */
export class TooSlow extends Error {}

/** So often; then it is told as a failure. */
const ATTEMPTS = 50;

/** Resolves when all was as expected. Throws with the path in words. */
export async function walk(path: Path, subject: Subject, expected: Sight): Promise<void> {
  let walked = 0;
  try {
    await inTime(subject.states?.[path.states[0] as string]?.());
    for (const event of path.events) {
      const happen = subject.events[event];
      if (!happen) throw new Error(`the subject does not know how to (${event})`);
      await inTime(happen());
      walked++;
      await inTime(subject.states?.[path.states[walked] as string]?.());
    }
    const seen = await inTime(subject.rest());
    const wrong = differences(expected, seen);
    if (wrong.length > 0) throw new Error(wrong.join('; '));
  } catch (error) {
    const words = inWords({ ...path, events: path.events.slice(0, walked + 1) });
    throw new Error(`${words}, ${error instanceof Error ? error.message : error}`, { cause: error });
  } finally {
    await subject.end?.();
  }
}

/** So many failures are told; the shortest paths say most. */
const MOST_TOLD = 5;

/** Walks each path with a subject of its own, `atOnce` at a time, and throws with those that failed, shortest first. */
export async function walkAll(
  paths: readonly Path[],
  subject: (path: Path) => Subject | Promise<Subject>,
  expected: (path: Path) => Sight,
  atOnce = 1,
): Promise<void> {
  const failures: { readonly length: number; readonly message: string }[] = [];
  const left = paths.values();
  const walker = async () => {
    for (const path of left) {
      try {
        await walkInTime(path, subject, expected(path));
      } catch (error) {
        failures.push({ length: path.events.length, message: (error as Error).message });
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, walker));
  if (failures.length === 0) return;
  const told = failures.sort((one, other) => one.length - other.length).slice(0, MOST_TOLD);
  const count = `${failures.length} of ${paths.length} paths ended otherwise, the shortest:`;
  throw new Error([count, ...told.map(({ message }) => message)].join('\n'));
}

/** Longer (ms) than any step takes: what hangs is told by its path. */
const PATIENCE = 60_000;

async function inTime<T>(step: T | Promise<T>): Promise<T> {
  if (!(step instanceof Promise)) return step;
  const { promise, reject } = Promise.withResolvers<never>();
  const late = setTimeout(() => reject(new Error(`expected an end, got none in ${PATIENCE} ms`)), PATIENCE);
  return Promise.race([step, promise]).finally(() => clearTimeout(late));
}

async function walkInTime(
  path: Path,
  subject: (path: Path) => Subject | Promise<Subject>,
  expected: Sight,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await walk(path, await subject(path), expected);
    } catch (error) {
      if (!((error as Error).cause instanceof TooSlow) || attempt === ATTEMPTS) throw error;
    }
  }
}

function differences(expected: Sight, seen: Sight): string[] {
  const names = new Set([...Object.keys(expected), ...Object.keys(seen)]);
  return [...names]
    .filter((name) => expected[name] !== seen[name])
    .map((name) => `expected ${expected[name] ?? `nothing about ${name}`}, got ${seen[name] ?? 'nothing'}`);
}
