/** Where the states and arrows of a chart are drawn. */
import { Graph, layout } from '@dagrejs/dagre';
import { type Chart, type ChartState, labelOf } from '../chart.ts';
import type { Drawing, DrawnArrow, DrawnStart, DrawnState, Place, Point } from './drawing.ts';
import { cutAtEnd, cutAtStart } from './line.ts';

/** Pixels; a letter is as wide as in the page's font, or a little narrower than that. */
const LETTER = 7.6;
const SMALL_LETTER = 6.3;
const LINE = 13;
const STATE_HEIGHT = 30;
const DOT = 10;
const GAPS = { nodesep: 18, ranksep: 22, edgesep: 12, marginx: 10, marginy: 10 };

/** Only states without states inside can have arrows in dagre. For one with states inside stand nodes in it: the dot
 * that its inside begins with, where an arrow enters; one at its top and one at its bottom, where an arrow leaves
 * whatever state is inside, to another inside or to beyond. */
const dotOf = (id: string | null) => `${id ?? 'all'} begin`;
const topOf = (id: string) => `${id} top`;
const bottomOf = (id: string) => `${id} bottom`;

interface Flat extends ChartState {
  readonly within: string | null;
}

interface Arrow {
  readonly from: string;
  readonly to: string;
  readonly lines: string[];
}

export function layOut(chart: Chart): Drawing {
  const states = flatten(chart.states, null);
  const arrows = arrowsOf(chart);
  const starts = states.filter(({ initial }) => initial);
  const compounds = new Set(states.filter(isCompound).map(({ id }) => id));
  const sourceOf = ({ from, to }: Arrow) => {
    if (!compounds.has(from)) return from;
    return isInside(to, from) ? topOf(from) : bottomOf(from);
  };
  const targetOf = (id: string) => (compounds.has(id) ? dotOf(id) : id);

  const graph = new Graph({ compound: true, multigraph: true })
    .setGraph({ rankdir: 'TB', ...GAPS })
    .setDefaultEdgeLabel(() => ({}));
  const put = (id: string, within: string | null, width = DOT, height = DOT) => {
    graph.setNode(id, { width, height });
    if (within !== null) graph.setParent(id, within);
  };
  for (const state of states) put(state.id, state.within, ...sizeOf(state));
  for (const around of [null, ...compounds]) put(dotOf(around), around);
  for (const { id, within } of starts) graph.setEdge(dotOf(within), targetOf(id), { weight: 4 }, 'start');
  for (const arrow of arrows) {
    const { from, to, lines } = arrow;
    const source = sourceOf(arrow);
    if (source !== from) put(source, from);
    graph.setEdge(source, targetOf(to), { ...labelSize(lines), labelpos: 'c' }, 'arrow');
  }
  for (const id of compounds) if (graph.hasNode(bottomOf(id))) keepBelow(graph, id, states);
  layout(graph);

  const placeOf = (id: string) => graph.node(id) as unknown as Place;
  const edge = (from: string, to: string, name: string) =>
    graph.edge(from, to, name) as unknown as Place & { readonly points: readonly Point[] };
  const { width, height } = graph.graph() as unknown as Place;
  return {
    name: chart.name,
    description: chart.description,
    width,
    height,
    states: states.map((state): DrawnState => {
      const { id, name, description, final, invokes, within } = state;
      const place = rounded(placeOf(id));
      return { id, name, description, final, invokes, within, compound: isCompound(state), ...place };
    }),
    arrows: arrows.map((arrow): DrawnArrow => {
      const { from, to, lines } = arrow;
      const { points, ...label } = edge(sourceOf(arrow), targetOf(to), 'arrow');
      let line = points;
      if (compounds.has(from) && !isInside(to, from)) line = cutAtStart(line, placeOf(from));
      if (compounds.has(to) && !isInside(from, to)) line = cutAtEnd(line, placeOf(to));
      return { from, to, lines, points: line.map(roundedPoint), label: rounded(label) };
    }),
    starts: starts.map(({ id, within }): DrawnStart => {
      const { points } = edge(dotOf(within), targetOf(id), 'start');
      const line = compounds.has(id) ? cutAtEnd(points, placeOf(id)) : points;
      return { within, to: id, ...roundedPoint(placeOf(dotOf(within))), points: line.map(roundedPoint) };
    }),
  };
}

function flatten(states: readonly ChartState[], within: string | null): Flat[] {
  return states.flatMap((state) => [{ ...state, within }, ...flatten(state.states, state.id)]);
}

/** Merges all transitions between the same two states into one arrow. Its label lists them. */
function arrowsOf({ transitions }: Chart): Arrow[] {
  const arrows = new Map<string, Arrow>();
  for (const transition of transitions) {
    const { from, to } = transition;
    const arrow = arrows.get(`${from} ${to}`) ?? { from, to, lines: [] };
    const [event = '', guard] = labelOf(transition).split(/ (?=\[)/);
    // A line of its own for a guard: wide labels make a wide chart.
    arrow.lines.push(event, ...(guard ? [`  ${guard}`] : []));
    arrows.set(`${from} ${to}`, arrow);
  }
  return [...arrows.values()];
}

/** Keeps an arrow that leaves at the bottom of a state from starting above the states inside it. */
function keepBelow(graph: Graph, id: string, states: readonly Flat[]): void {
  for (const { id: inside } of states) {
    if (!isInside(inside, id) || graph.children(inside).length > 0) continue;
    graph.setEdge(inside, bottomOf(id), { weight: 0.1 }, 'below');
  }
}

const isCompound = ({ states }: ChartState) => states.length > 0;
const isInside = (id: string, around: string) => id.startsWith(`${around}_`);

function sizeOf(state: Flat): [number, number] {
  return isCompound(state) ? [0, 0] : [Math.max(60, state.name.length * LETTER + 22), STATE_HEIGHT];
}

function labelSize(lines: readonly string[]) {
  const longest = Math.max(...lines.map(({ length }) => length));
  return { width: longest * SMALL_LETTER + 6, height: lines.length * LINE };
}

const round = (value: number) => Math.round(value * 10) / 10;
const roundedPoint = ({ x, y }: Point): Point => ({ x: round(x), y: round(y) });
const rounded = ({ x, y, width, height }: Place): Place => ({
  ...roundedPoint({ x, y }),
  width: round(width),
  height: round(height),
});
