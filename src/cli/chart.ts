/** A machine as data, from the code itself: what each way of drawing it starts from. */
import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate';

export interface ChartState {
  /** Its place, as `reading_silent`. */
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly initial: boolean;
  readonly final: boolean;
  /** The actors that run while the state is active. */
  readonly invokes: readonly string[];
  readonly states: readonly ChartState[];
}

export interface ChartTransition {
  readonly from: string;
  readonly to: string;
  /** `after DELAY`, `ACTOR is done`, `ACTOR failed`, the event, or null where it is taken at once. */
  readonly on: string | null;
  readonly guard: string | null;
}

export interface Chart {
  readonly name: string;
  readonly description: string | null;
  readonly states: readonly ChartState[];
  readonly transitions: readonly ChartTransition[];
}

export function chartOf(machine: AnyStateMachine): Chart {
  const { root, id } = machine;
  const description = root.description ?? null;
  return { name: id, description, states: statesOf(root), transitions: transitionsOf(root) };
}

function statesOf(node: AnyStateNode): ChartState[] {
  const start = node.initial?.target?.[0];
  return Object.values<AnyStateNode>(node.states).map((child) => ({
    id: idOf(child),
    name: child.key,
    description: child.description ?? null,
    initial: child === start,
    final: child.type === 'final',
    invokes: child.invoke.map(({ src }) => String(src)),
    states: statesOf(child),
  }));
}

function transitionsOf(node: AnyStateNode): ChartTransition[] {
  const own = [...(node.always ?? []), ...[...node.transitions.values()].flat()];
  const drawn = own.flatMap((transition) => transitionOf(node, transition));
  const unique = new Map(drawn.map((transition) => [JSON.stringify(transition), transition]));
  return [...unique.values(), ...Object.values<AnyStateNode>(node.states).flatMap(transitionsOf)];
}

/** Transitions of the root hold in every state, and those without a target change none: both are left to the code. */
function transitionOf(node: AnyStateNode, transition: AnyTransitionDefinition): ChartTransition[] {
  const [target] = transition.target ?? [];
  if (!target || !node.parent) return [];
  const { guard } = transition;
  const name = typeof guard === 'string' ? guard : (guard as { type?: string } | undefined)?.type;
  const on = eventLabel(node, transition.eventType) || null;
  return [{ from: idOf(node), to: idOf(target), on, guard: name ?? null }];
}

function eventLabel(node: AnyStateNode, event: string): string {
  const after = /^xstate\.after\.([A-Z_]+)\./.exec(event);
  if (after) return `after ${after[1]}`;
  const ended = /^xstate\.(done|error)\.actor\.(.+)$/.exec(event);
  if (!ended) return event;
  const invoked = node.invoke.find(({ id }) => id === ended[2]);
  return `${invoked?.src} ${ended[1] === 'done' ? 'is done' : 'failed'}`;
}

const idOf = (node: AnyStateNode) => node.path.join('_') || node.key;

/** Returns the label of an arrow. */
export function labelOf({ on, guard }: ChartTransition): string {
  return [on, guard && `[${guard}]`].filter(Boolean).join(' ') || 'at once';
}
