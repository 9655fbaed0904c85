/** @import { Drawing, DrawnState, Point } from '../drawing.ts' */
/** @import { ChartPath } from '../chart-path.ts' */
import { drawn, element, fill, setAttributes } from './elements.js';

/** Pixels. */
const CORNER = 7;
const SMALL_LINE = 13;

/** A machine as a statechart. Each state is an item of a roving list; `g[data-state]` finds them. */
export class ChartView {
  /** @type {SVGSVGElement} */
  svg;
  /** @type {Map<string, SVGGElement>} */
  #states = new Map();
  /** @type {Map<string, SVGGElement>} */
  #arrows = new Map();
  /** @type {Map<string, SVGGElement>} */
  #starts = new Map();

  /** @param {Drawing} drawing */
  constructor(drawing) {
    const { name, width, height, states, arrows, starts } = drawing;
    this.svg = drawn('svg', {
      viewBox: `0 0 ${width} ${height}`,
      role: 'group',
      'aria-label': `The machine ${name}: arrow keys go from state to state`,
    });
    this.svg.style.setProperty('--width', `${width}px`);
    const head = `head-${name}`;
    const line = (/** @type {readonly Point[]} */ points) =>
      drawn('path', { d: lineOf(points), 'marker-end': `url(#${head})` });
    for (const state of states) this.#states.set(state.id, stateOf(state));
    for (const { from, to, points, lines, label } of arrows) {
      const [x, y] = [label.x - label.width / 2, label.y - label.height / 2 - 3];
      const words = lines.map((text, at) => drawn('tspan', { x, y: y + (at + 1) * SMALL_LINE }, text));
      this.#arrows.set(
        `${from} ${to}`,
        drawn('g', { class: 'arrow' }, line(points), drawn('text', {}, ...words)),
      );
    }
    for (const { within, x, y, points } of starts) {
      const dot = drawn('circle', { cx: x, cy: y, r: 5 });
      this.#starts.set(within ?? '', drawn('g', { class: 'arrow start' }, dot, line(points)));
    }
    const arrowHead = drawn(
      'marker',
      {
        id: head,
        viewBox: '0 0 8 8',
        refX: 7,
        refY: 4,
        markerWidth: 7,
        markerHeight: 7,
        markerUnits: 'userSpaceOnUse',
        orient: 'auto',
      },
      drawn('path', { d: 'M0 0L8 4L0 8z' }),
    );
    fill(
      this.svg,
      drawn('defs', {}, arrowHead),
      ...this.#states.values(),
      ...this.#starts.values(),
      ...this.#arrows.values(),
    );
  }

  /**
   * @param {ReadonlyMap<string, number>} live how many actors are in which state, by its id
   * @param {ChartPath | undefined} path
   */
  light(live, path) {
    const [states, arrows, starts] = [path?.states, path?.arrows, path?.starts].map((ids) => new Set(ids));
    for (const [id, group] of this.#states) {
      const count = live.get(id) ?? 0;
      const within = [...live.keys()].some((inner) => inner.startsWith(`${id}_`));
      const been = states?.has(id) ?? false;
      setAttributes(group, { 'data-live': count > 0 || within, 'data-count': count > 0, 'data-taken': been });
      const words = [group.dataset.words, count > 0 && `${count} there now`, been && 'has been there'];
      group.setAttribute('aria-label', words.filter(Boolean).join(', '));
      fill(/** @type {Element} */ (group.querySelector('.count text')), count);
    }
    for (const [key, group] of this.#arrows)
      setAttributes(group, { 'data-taken': arrows?.has(key) ?? false });
    for (const [key, group] of this.#starts)
      setAttributes(group, { 'data-taken': starts?.has(key) ?? false });
  }
}

/** @param {DrawnState} state */
function stateOf({ id, name, description, invokes, final, compound, x, y, width, height }) {
  const [left, top] = [x - width / 2, y - height / 2];
  const full = id.replaceAll('_', '.');
  const group = drawn('g', {
    class: ['state', compound ? 'compound' : '', final ? 'final' : ''].join(' '),
    role: 'img',
    tabindex: -1,
    'data-state': id,
    'data-words': full,
    'data-about': [
      `${full}: ${description ?? ''}`,
      invokes.length > 0 ? `Runs ${invokes.join(', ')}.` : '',
    ].join(' '),
  });
  const inner = final
    ? drawn('rect', { x: left + 3, y: top + 3, width: width - 6, height: height - 6, rx: 6 })
    : null;
  const text = compound ? { x: left + 9, y: top + 17 } : { x, y: y + 4.5, 'text-anchor': 'middle' };
  fill(
    group,
    drawn('rect', { x: left, y: top, width, height, rx: 9 }),
    inner,
    drawn('text', text, name),
    drawn(
      'g',
      { class: 'count', transform: `translate(${left + width + 4} ${y})` },
      drawn('rect', { x: -10, y: -9, width: 20, height: 18, rx: 9 }),
      drawn('text', { y: 4.5, 'text-anchor': 'middle' }),
    ),
  );
  return group;
}

/**
 * Straight, with round corners.
 * @param {readonly Point[]} points
 */
function lineOf(points) {
  const [first, ...rest] = points;
  if (!first) return '';
  const parts = [`M${first.x} ${first.y}`];
  for (const [at, point] of rest.entries()) {
    const after = rest[at + 1];
    if (!after) parts.push(`L${point.x} ${point.y}`);
    else {
      const [one, other] = [towards(point, points[at] ?? first), towards(point, after)];
      parts.push(`L${one.x} ${one.y}Q${point.x} ${point.y} ${other.x} ${other.y}`);
    }
  }
  return parts.join('');
}

/**
 * @param {Point} from
 * @param {Point} to
 */
function towards(from, to) {
  const [x, y] = [to.x - from.x, to.y - from.y];
  const part = Math.min(0.5, CORNER / (Math.hypot(x, y) || 1));
  return { x: from.x + x * part, y: from.y + y * part };
}

/** What the lights mean. */
export function legend() {
  return element(
    'p',
    { class: 'legend faint' },
    element('span', { class: 'key live' }, element('b', {}, '1')),
    ' where one is now, and how many',
    element('span', { class: 'key taken' }),
    ' the path taken',
  );
}
