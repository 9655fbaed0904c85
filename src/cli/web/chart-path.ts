/** The path of an actor over the chart of its machine. */
import type { Drawing, DrawnArrow } from './drawing.ts';

export interface ChartPath {
  /** Ids of the states that it was in, and of those around them. */
  readonly states: readonly string[];
  /** `from to` of the arrows that it took. */
  readonly arrows: readonly string[];
  /** The states that it went into by their start; '' is the machine itself. */
  readonly starts: readonly string[];
}

/** `steps`: where it was, one after the other, as `running.executing`, or `running` where no more is known. `whole`: from
 * the beginning on. Between two that no arrow joins none is drawn. */
export function pathOf(drawing: Drawing, steps: readonly string[], whole: boolean): ChartPath {
  const ids = steps.map((step) => step.replaceAll('.', '_'));
  const begin = drawing.starts.find(({ within }) => within === null)?.to;
  // A state that is left at once is not told of.
  if (whole && begin !== undefined && begin !== ids[0]) ids.unshift(begin);
  const states = new Set<string>();
  const arrows = new Set<string>();
  const starts = new Set<string>(whole ? [''] : []);
  for (const [at, id] of ids.entries()) {
    for (const state of drawing.states) if (isAround(state.id, id)) states.add(state.id);
    const before = ids[at - 1];
    const arrow = before === undefined ? undefined : arrowBetween(drawing.arrows, before, id);
    if (!arrow) continue;
    arrows.add(`${arrow.from} ${arrow.to}`);
    for (const { within, to } of drawing.starts) {
      if (within !== null && isAround(arrow.to, within) && isAround(to, id)) starts.add(within);
    }
  }
  return { states: [...states], arrows: [...arrows], starts: [...starts] };
}

/** The one that says most: of a state itself before that of one around it. */
function arrowBetween(arrows: readonly DrawnArrow[], before: string, after: string): DrawnArrow | undefined {
  const fitting = arrows.filter(({ from, to }) => isRelated(from, before) && isRelated(to, after));
  const detail = ({ from, to }: DrawnArrow) => from.length + to.length;
  return fitting.sort((one, other) => detail(other) - detail(one))[0];
}

const isAround = (outer: string, id: string) => id === outer || id.startsWith(`${outer}_`);
const isRelated = (one: string, other: string) => isAround(one, other) || isAround(other, one);
