import { type Chart, type ChartState, labelOf } from './chart.ts';

/** The diagram as Graphviz draws it. A state with states inside is a cluster; arrows end at its edge. */
export function dot({ name, states, transitions }: Chart): string {
  const clusters = new Map<string, ChartState>();
  const collect = (inner: readonly ChartState[]): void => {
    for (const state of inner) {
      if (state.states.length > 0) clusters.set(state.id, state);
      collect(state.states);
    }
  };
  collect(states);
  const arrows = transitions.map((arrow) => {
    const { from, to } = arrow;
    // An arrow can be cut at the edge of a cluster only where it leaves it.
    const edge = (side: string, id: string, other: string) =>
      clusters.has(id) && !other.startsWith(`${id}_`) ? `, ${side}=${quoted(`cluster_${id}`)}` : '';
    // Graphviz knows arrows between nodes alone: the start of a cluster stands for it.
    const ends = [from, to].map((id) => quoted(clusters.has(id) ? `${id}_start` : id));
    return `  ${ends.join(' -> ')} [label=${quoted(labelOf(arrow))}${edge('ltail', from, to)}${edge('lhead', to, from)}];`;
  });
  return [
    `digraph ${quoted(name)} {`,
    '  compound=true;',
    '  node [shape=box, style=rounded];',
    ...inside(states, name, 1),
    ...arrows,
    '}',
  ].join('\n');
}

function inside(states: readonly ChartState[], parent: string, depth: number): string[] {
  const indent = '  '.repeat(depth);
  const start = states.find(({ initial }) => initial);
  const begin = quoted(`${parent}_start`);
  const entry = start && quoted(start.states.length > 0 ? `${start.id}_start` : start.id);
  return [
    ...(entry ? [`${indent}${begin} [shape=point];`, `${indent}${begin} -> ${entry};`] : []),
    ...states.flatMap((state) => one(state, depth)),
  ];
}

function one({ id, name, final, states }: ChartState, depth: number): string[] {
  const indent = '  '.repeat(depth);
  if (states.length === 0)
    return [`${indent}${quoted(id)} [label=${quoted(name)}${final ? ', peripheries=2' : ''}];`];
  return [
    `${indent}subgraph ${quoted(`cluster_${id}`)} {`,
    `${indent}  label=${quoted(name)};`,
    ...inside(states, id, depth + 1),
    `${indent}}`,
  ];
}

const quoted = (text: string) => `"${text.replace(/["\\]/g, '\\$&')}"`;
