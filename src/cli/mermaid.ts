import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate';

/** The state diagram of a machine, as Mermaid draws it, from the code itself. */
export function mermaid(machine: AnyStateMachine): string {
  const lines = ['stateDiagram-v2', ...inside(machine.root, 1), ...arrows(machine.root)];
  return lines.join('\n');
}

function inside(node: AnyStateNode, depth: number): string[] {
  const indent = '  '.repeat(depth);
  const lines: string[] = [];
  const start = node.initial?.target?.[0];
  if (start) lines.push(`${indent}[*] --> ${nameOf(start)}`);
  for (const child of Object.values<AnyStateNode>(node.states)) {
    const children = Object.keys(child.states).length > 0;
    lines.push(`${indent}state "${child.key}" as ${nameOf(child)}${children ? ' {' : ''}`);
    if (children) lines.push(...inside(child, depth + 1), `${indent}}`);
    if (child.type === 'final') lines.push(`${indent}${nameOf(child)} --> [*]`);
  }
  return lines;
}

function arrows(node: AnyStateNode): string[] {
  const own = [...(node.always ?? []), ...[...node.transitions.values()].flat()];
  const lines = own.flatMap((transition) => arrow(node, transition));
  return [...new Set(lines), ...Object.values<AnyStateNode>(node.states).flatMap(arrows)];
}

/** Transitions of the root hold in every state, and those without a target change none: both are left to the code. */
function arrow(node: AnyStateNode, transition: AnyTransitionDefinition): string[] {
  const [target] = transition.target ?? [];
  if (!target || !node.parent) return [];
  return [`  ${nameOf(node)} --> ${nameOf(target)}: ${label(node, transition)}`];
}

function label(node: AnyStateNode, { eventType, guard }: AnyTransitionDefinition): string {
  const name = typeof guard === 'string' ? guard : (guard as { type?: string } | undefined)?.type;
  return [eventLabel(node, eventType), name && `[${name}]`].filter(Boolean).join(' ') || 'at once';
}

function eventLabel(node: AnyStateNode, event: string): string {
  const after = /^xstate\.after\.([A-Z_]+)\./.exec(event);
  if (after) return `after ${after[1]}`;
  const ended = /^xstate\.(done|error)\.actor\.(.+)$/.exec(event);
  if (!ended) return event;
  const invoked = node.invoke.find(({ id }) => id === ended[2]);
  return `${invoked?.src} ${ended[1] === 'done' ? 'is done' : 'failed'}`;
}

const nameOf = (node: AnyStateNode) => node.path.join('_') || node.key;
