/** The transitions of a machine, by name: `reading.silent (after FIRST_BYTE_LIMIT) → reading.doubting`. */
import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate';

/** Returns all transitions: those of events, delays, and results of invoked actors, and those that are always taken. */
export function edgesOf({ root }: AnyStateMachine): string[] {
  const edges = transitionsOf(root).map(edgeName);
  const double = edges.find((edge, index) => edges.indexOf(edge) !== index);
  if (double !== undefined) throw new Error(`two transitions go by the same name: ${double}`);
  return edges;
}

export function edgeName({ source, target, eventType, guard }: AnyTransitionDefinition): string {
  const goal = target?.[0];
  const name = typeof guard === 'string' ? guard : (guard as { type?: string } | undefined)?.type;
  return [
    placeOf(source),
    `(${causeOf(source, eventType)})`,
    ...(name === undefined ? [] : [`[${name}]`]),
    goal ? `→ ${placeOf(goal)}` : '→ stays',
  ].join(' ');
}

function transitionsOf(node: AnyStateNode): AnyTransitionDefinition[] {
  const own = [...(node.always ?? []), ...[...node.transitions.values()].flat()];
  return [...own, ...Object.values<AnyStateNode>(node.states).flatMap(transitionsOf)];
}

/** The root has the name of its machine. */
const placeOf = (node: AnyStateNode) => node.path.join('.') || node.key;

function causeOf(node: AnyStateNode, eventType: string): string {
  if (eventType === '') return 'at once';
  const after = /^xstate\.after\.(\w+)\./.exec(eventType);
  if (after) return `after ${after[1]}`;
  const ended = /^xstate\.(done|error)\.actor\.(.+)$/.exec(eventType);
  if (!ended) return eventType;
  const src = node.invoke.find(({ id }) => id === ended[2])?.src;
  return `${src} ${ended[1] === 'done' ? 'is done' : 'failed'}`;
}
