/** The events that XState itself sends in a given state, or undefined if they cannot occur there. */
import type { AnyMachineSnapshot, AnyStateNode, EventObject } from 'xstate';

/** The end of a named delay that should run in this state. It is sent also if the machine lacks the delay, so that a
 * test finds it. */
export function after(
  snapshot: AnyMachineSnapshot,
  delay: string,
  ...states: string[]
): EventObject | undefined {
  if (!states.includes(stateOf(snapshot))) return undefined;
  const own = nodesOf(snapshot).flatMap(({ ownEvents }) => ownEvents as readonly string[]);
  const type = own.find((name) => name.startsWith(`xstate.after.${delay}.`));
  return { type: type ?? 'time.passed' };
}

/** The completion of the invoked actor `src`. */
export function done(snapshot: AnyMachineSnapshot, src: string, output?: unknown): EventObject | undefined {
  const id = invoked(snapshot, src);
  const type = `xstate.done.actor.${id}`;
  return id === undefined ? undefined : ({ type, output, actorId: id } as EventObject);
}

/** The failure of the invoked actor `src`. */
export function failed(snapshot: AnyMachineSnapshot, src: string, error: unknown): EventObject | undefined {
  const id = invoked(snapshot, src);
  const type = `xstate.error.actor.${id}`;
  return id === undefined ? undefined : ({ type, error, actorId: id } as EventObject);
}

/** `reading.silent` */
export function stateOf(snapshot: AnyMachineSnapshot): string {
  const leaf = nodesOf(snapshot).reduce((deepest, node) =>
    node.path.length > deepest.path.length ? node : deepest,
  );
  return leaf.path.join('.');
}

const nodesOf = (snapshot: AnyMachineSnapshot) => snapshot._nodes as AnyStateNode[];

function invoked(snapshot: AnyMachineSnapshot, src: string): string | undefined {
  const all = nodesOf(snapshot).flatMap(({ invoke }) => invoke);
  return all.find((one) => one.src === src)?.id;
}
