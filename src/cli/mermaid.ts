import { type Chart, type ChartState, labelOf } from './chart.ts';

/** The diagram as Mermaid draws it. */
export function mermaid({ states, transitions }: Chart): string {
  const arrows = transitions.map((arrow) => `  ${arrow.from} --> ${arrow.to}: ${labelOf(arrow)}`);
  return ['stateDiagram-v2', ...inside(states, 1), ...arrows].join('\n');
}

function inside(states: readonly ChartState[], depth: number): string[] {
  const indent = '  '.repeat(depth);
  const start = states.find(({ initial }) => initial);
  return [
    ...(start ? [`${indent}[*] --> ${start.id}`] : []),
    ...states.flatMap(({ id, name, final, states: inner }) => [
      `${indent}state "${name}" as ${id}${inner.length > 0 ? ' {' : ''}`,
      ...(inner.length > 0 ? [...inside(inner, depth + 1), `${indent}}`] : []),
      ...(final ? [`${indent}${id} --> [*]`] : []),
    ]),
  ];
}
