import type { Place, Point } from './drawing.ts';

/** Halvings of a piece of line: to well under a pixel. */
const STEPS = 16;

/** The line without what is inside the box that it begins in. */
export function cutAtStart(points: readonly Point[], box: Place): Point[] {
  const first = points.findIndex((point) => !isIn(point, box));
  if (first < 1) return [...points];
  let [within, beyond] = [points[first - 1] as Point, points[first] as Point];
  for (let step = 0; step < STEPS; step++) {
    const middle = { x: (within.x + beyond.x) / 2, y: (within.y + beyond.y) / 2 };
    if (isIn(middle, box)) within = middle;
    else beyond = middle;
  }
  return [beyond, ...points.slice(first)];
}

/** The line without what is inside the box that it ends in. */
export function cutAtEnd(points: readonly Point[], box: Place): Point[] {
  return cutAtStart(points.toReversed(), box).toReversed();
}

const isIn = ({ x, y }: Point, box: Place) =>
  Math.abs(x - box.x) <= box.width / 2 && Math.abs(y - box.y) <= box.height / 2;
