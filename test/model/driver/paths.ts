/** Paths through a machine, derived from the machine itself. */
import type { AnyMachineSnapshot, AnyStateMachine, EventObject } from 'xstate';
import { getAdjacencyMap, getShortestPaths, getSimplePaths } from 'xstate/graph';
import { stateOf } from './events.ts';

/** The material of paths. Its names are words for the reader of a failure, not names of the machine. */
export interface Vocabulary {
  readonly machine: AnyStateMachine;
  /** By name: the inputs to begin with. */
  readonly starts: Readonly<Record<string, unknown>>;
  /** By name: the machine's event in a state, or undefined if it cannot occur. An event should be possible wherever
   * the world can cause it, also where the machine ignores it: an event that is ignored by mistake is found only if
   * it is tried. */
  readonly events: Readonly<Record<string, (snapshot: AnyMachineSnapshot) => EventObject | undefined>>;
  /** The data besides the state that decides about the further paths. */
  readonly distinguish?: (snapshot: AnyMachineSnapshot) => unknown;
  /** Whether the world can cause these events one after the other: an actor that has ended does not end again. */
  readonly isPossible?: (events: readonly string[]) => boolean;
}

export interface Path {
  readonly machine: string;
  readonly start: string;
  /** The initial state, and the state after each event. */
  readonly states: readonly string[];
  readonly events: readonly string[];
}

/** A vocabulary with endless paths is a mistake. */
const MOST_STEPS = 20_000;

/** Returns the shortest path to each state, every simple path (no state twice), and the shortest path to each state
 * followed by each event that can occur there, without duplicates. */
export function pathsOf(vocabulary: Vocabulary): Path[] {
  const found = Object.keys(vocabulary.starts).flatMap((start) => [
    ...shortestPaths(vocabulary, start),
    ...simplePaths(vocabulary, start),
    ...probes(vocabulary, start),
  ]);
  const { isPossible = () => true } = vocabulary;
  const possiblePaths = found.filter(({ events }) => isPossible(events));
  return [...new Map(possiblePaths.map((path) => [keyOf(path), path])).values()];
}

export function shortestPaths(vocabulary: Vocabulary, start: string): Path[] {
  const { options, toPath } = traversal(vocabulary, start);
  return getShortestPaths(vocabulary.machine, options).map(toPath);
}

export function simplePaths(vocabulary: Vocabulary, start: string): Path[] {
  const { options, toPath } = traversal(vocabulary, start);
  return getSimplePaths(vocabulary.machine, options).map(toPath);
}

/** Each event that can occur in a state, after the shortest path to it. Each event that changes nothing is followed
 * by another. */
export function probes(vocabulary: Vocabulary, start: string): Path[] {
  const { options, toPath, wordOf } = traversal(vocabulary, start);
  const ways = getAdjacencyMap(vocabulary.machine, options) as unknown as Ways;
  return getShortestPaths(vocabulary.machine, options).flatMap((shortest) => {
    const path = toPath(shortest);
    const here = options.serializeState(shortest.state);
    const onwards = Object.values(ways[here]?.transitions ?? {});
    const then = (from: Path, { event, state }: Way): Path => ({
      ...from,
      states: [...from.states, stateOf(state)],
      events: [...from.events, wordOf(event)],
    });
    const idle = onwards.filter(({ state }) => options.serializeState(state) === here);
    return [
      ...onwards.map((way) => then(path, way)),
      // An event that seems to change nothing may have been meant to. The next event shows it.
      ...idle.flatMap((way) => onwards.map((next) => then(then(path, way), next))),
    ];
  });
}

interface Way {
  readonly event: EventObject;
  readonly state: AnyMachineSnapshot;
}

/** By state, then by event: the target. */
type Ways = Readonly<Record<string, { readonly transitions: Readonly<Record<string, Way>> }>>;

const keyOf = ({ start, events }: Path) => [start, ...events].join(' → ');

interface Walked {
  readonly steps: readonly { readonly state: unknown; readonly event: EventObject }[];
}

function traversal({ machine, starts, events, distinguish }: Vocabulary, start: string) {
  const words = new WeakMap<EventObject, string>();
  const wordOf = (event: EventObject) => words.get(event) ?? event.type;
  const options = {
    input: starts[start],
    // A list would replace the events of the states themselves, such as their delays.
    events: (snapshot: AnyMachineSnapshot) =>
      snapshot.status === 'active' ? possible(events, snapshot, words) : [],
    serializeState: (snapshot: AnyMachineSnapshot) =>
      `${stateOf(snapshot)} ${JSON.stringify(distinguish?.(snapshot) ?? null)}`,
    serializeEvent: wordOf,
    limit: MOST_STEPS,
  };
  const toPath = ({ steps }: Walked): Path => ({
    machine: machine.id,
    start,
    states: steps.map(({ state }) => stateOf(state as AnyMachineSnapshot)),
    // The first step is the start.
    events: steps.slice(1).map(({ event }) => wordOf(event)),
  });
  return { options: options as never as { serializeState: (snapshot: unknown) => string }, toPath, wordOf };
}

function possible(
  events: Vocabulary['events'],
  snapshot: AnyMachineSnapshot,
  words: WeakMap<EventObject, string>,
): EventObject[] {
  return Object.entries(events).flatMap(([word, make]) => {
    const event = make(snapshot);
    if (!event) return [];
    words.set(event, word);
    return [event];
  });
}

/** Returns those paths that walk a transition which no earlier one walks. `walkedBy` returns the transitions of a
 * path. */
export async function covering(
  paths: readonly Path[],
  walkedBy: (path: Path) => Promise<readonly string[]>,
): Promise<Path[]> {
  const walked = new Set<string>();
  const chosen: Path[] = [];
  for (const path of paths) {
    const found = await walkedBy(path);
    if (found.every((edge) => walked.has(edge))) continue;
    for (const edge of found) walked.add(edge);
    chosen.push(path);
  }
  return chosen;
}
