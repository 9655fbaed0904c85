/** Walks a path with a subject that can carry out its events: the machine itself, or the real thing. */

import type { Path } from './paths.ts';
import { inWords } from './words.ts';

/** The final observations in words: `{ reply: 'a 400', row: 'no row' }`. */
export type Sight = Readonly<Record<string, string>>;

export interface Subject {
  /** By the words of the vocabulary: causes the event. */
  readonly events: Readonly<Record<string, () => unknown>>;
  /** By state: throws unless the observations match the state. A state without an entry cannot be observed. */
  readonly states?: Readonly<Record<string, () => unknown>> | undefined;
  /** Waits until the subject is at rest, and observes it. */
  readonly rest: () => Sight | Promise<Sight>;
  readonly end?: () => unknown;
}

/** Thrown by a subject that was too slow for its path. The walk has no result, and is repeated. */
export class TooSlow extends Error {}

/** The number of attempts before the walk fails. */
const ATTEMPTS = 50;

/** Resolves if everything was as expected. Otherwise throws with the path in words. */
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

/** The number of failures that are reported. The shortest paths are the most useful. */
const MOST_TOLD = 5;

export interface WalkOptions {
  /** The number of paths at a time, by default one. */
  readonly atOnce?: number;
  /** Whether a path has to be walked alone, after the others. */
  readonly alone?: (path: Path) => boolean;
  /** Called after each path with the number of walked paths and the failure, if any, in words. */
  readonly tell?: (walked: number, failure: string | undefined) => void;
}

/** Walks each path with a subject of its own, and throws with the failures, shortest first. */
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

/** Longer (ms) than any step takes. A step that hangs is reported with its path. */
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

/** A path that cannot begin is reported with its words, too. */
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
