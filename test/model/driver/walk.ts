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
    throw inContext({ ...path, events: path.events.slice(0, walked + 1) }, error);
  } finally {
    await subject.end?.();
  }
}

/** So many failures are told; the shortest paths say most. */
const MOST_TOLD = 5;

export interface WalkOptions {
  /** So many paths at a time; one without it. */
  readonly atOnce?: number;
  /** Which ones have to be walked alone, after the others. */
  readonly alone?: (path: Path) => boolean;
  /** Hears of each path when it was walked: how many were until now, and how it failed, in words. */
  readonly tell?: (walked: number, failure: string | undefined) => void;
}

/** Walks each path with a subject of its own, and throws with those that failed, shortest first. */
export async function walkAll(
  paths: readonly Path[],
  subject: (path: Path) => Subject | Promise<Subject>,
  expected: (path: Path) => Sight,
  { atOnce = 1, alone = () => false, tell = () => {} }: WalkOptions = {},
): Promise<void> {
  const failures: { readonly length: number; readonly message: string }[] = [];
  let walked = 0;
  const walkSome = async (left: Iterable<Path>) => {
    for (const path of left) {
      const message = await walkInTime(path, subject, expected(path)).then(
        () => undefined,
        (error: Error) => error.message,
      );
      if (message !== undefined) failures.push({ length: path.events.length, message });
      tell(++walked, message);
    }
  };
  const together = paths.filter((path) => !alone(path)).values();
  await Promise.all(Array.from({ length: atOnce }, () => walkSome(together)));
  await walkSome(paths.filter(alone));
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
      return await walk(path, await begin(path, subject), expected);
    } catch (error) {
      if (!((error as Error).cause instanceof TooSlow) || attempt === ATTEMPTS) throw error;
    }
  }
}

/** What cannot even begin is told by its path, too. */
async function begin(path: Path, subject: (path: Path) => Subject | Promise<Subject>): Promise<Subject> {
  try {
    return await inTime(subject(path));
  } catch (error) {
    throw inContext({ ...path, events: [] }, error);
  }
}

const inContext = (path: Path, error: unknown) =>
  new Error(`${inWords(path)}, ${error instanceof Error ? error.message : error}`, { cause: error });

function differences(expected: Sight, seen: Sight): string[] {
  const names = new Set([...Object.keys(expected), ...Object.keys(seen)]);
  return [...names]
    .filter((name) => expected[name] !== seen[name])
    .map((name) => `expected ${expected[name] ?? `nothing about ${name}`}, got ${seen[name] ?? 'nothing'}`);
}
