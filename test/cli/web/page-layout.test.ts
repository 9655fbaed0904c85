import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CHARTS } from '../../../src/cli/machine-charts.ts';
import { layOut } from '../../../src/cli/web/chart-layout.ts';
import type { Drawing, DrawnState, Place, Point } from '../../../src/cli/web/drawing.ts';
import { cutAtEnd, cutAtStart } from '../../../src/cli/web/line.ts';

const drawings = CHARTS.map(layOut);
const state = ({ states }: Drawing, id: string) => states.find((one) => one.id === id) as DrawnState;

const overlap = (one: Place, other: Place) =>
  Math.abs(one.x - other.x) < (one.width + other.width) / 2 &&
  Math.abs(one.y - other.y) < (one.height + other.height) / 2;

const contains = (outer: Place, inner: Place) =>
  Math.abs(outer.x - inner.x) + inner.width / 2 <= outer.width / 2 + 0.1 &&
  Math.abs(outer.y - inner.y) + inner.height / 2 <= outer.height / 2 + 0.1;

/** Returns the distance of a point from the border of a box. */
function fromBorder({ x, y }: Point, box: Place): number {
  const [dx, dy] = [Math.abs(x - box.x) - box.width / 2, Math.abs(y - box.y) - box.height / 2];
  return dx > 0 || dy > 0 ? Math.hypot(Math.max(dx, 0), Math.max(dy, 0)) : Math.min(-dx, -dy);
}

test('`layOut` draws every state and transition of every machine', () => {
  for (const [at, { states, transitions }] of CHARTS.entries()) {
    const drawing = drawings[at] as Drawing;
    const ids = (some: typeof states): string[] => some.flatMap(({ id, states }) => [id, ...ids(states)]);
    assert.deepEqual(drawing.states.map(({ id }) => id).sort(), ids(states).sort());
    const pairs = new Set(transitions.map(({ from, to }) => `${from} ${to}`));
    assert.deepEqual(drawing.arrows.map(({ from, to }) => `${from} ${to}`).sort(), [...pairs].sort());
    const words = drawing.arrows.flatMap(({ lines }) => lines).map((line) => line.trim());
    for (const { on, guard } of transitions) {
      if (on !== null) assert.ok(words.includes(on), on);
      if (guard !== null) assert.ok(words.includes(`[${guard}]`), guard);
    }
  }
});

test('`layOut` places each state inside its parent, and over no other state', () => {
  for (const drawing of drawings) {
    for (const one of drawing.states) {
      assert.ok(one.width > 0 && one.height > 0, one.id);
      const whole = { x: drawing.width / 2, y: drawing.height / 2, ...drawing } as Place;
      assert.ok(contains(one.within === null ? whole : state(drawing, one.within), one), one.id);
      for (const other of drawing.states) {
        const nested =
          one.id === other.id || one.id.startsWith(`${other.id}_`) || other.id.startsWith(`${one.id}_`);
        assert.ok(nested || !overlap(one, other), `${one.id} over ${other.id}`);
      }
    }
  }
});

test('`layOut` hides no label behind a state or another label', () => {
  for (const { arrows, states } of drawings) {
    for (const [at, { label, from, to }] of arrows.entries()) {
      for (const other of states.filter(({ compound }) => !compound))
        assert.ok(!overlap(label, other), `${from} → ${to} over ${other.id}`);
      for (const other of arrows.slice(at + 1))
        assert.ok(!overlap(label, other.label), `${from} → ${to} over ${other.from} → ${other.to}`);
    }
  }
});

test('`layOut` draws each arrow from border to border, and each start to its first state', () => {
  for (const drawing of drawings) {
    for (const { from, to, points } of drawing.arrows) {
      const [first, last] = [points[0], points.at(-1)] as [Point, Point];
      // An arrow that stays in its state begins inside.
      if (!to.startsWith(`${from}_`))
        assert.ok(fromBorder(first, state(drawing, from)) < 1, `${from} → ${to}`);
      assert.ok(fromBorder(last, state(drawing, to)) < 1, `${from} → ${to}`);
    }
    for (const { to, points } of drawing.starts) {
      assert.ok(fromBorder(points.at(-1) as Point, state(drawing, to)) < 1, to);
    }
    const compounds = drawing.states.filter(({ compound }) => compound).map(({ id }) => id);
    assert.deepEqual(drawing.starts.map(({ within }) => within).sort(), [null, ...compounds].sort());
  }
});

test('`cutAtStart` and `cutAtEnd` cut a line where it leaves or enters a box', () => {
  const box = { x: 0, y: 0, width: 20, height: 10 };
  const line = [0, 40].map((x) => ({ x, y: 0 }));
  const [first, second] = cutAtStart(line, box) as [Point, Point];
  assert.ok(Math.abs(first.x - 10) < 0.01 && second.x === 40);
  const back = cutAtEnd(line.toReversed(), box);
  assert.ok(Math.abs((back.at(-1) as Point).x - 10) < 0.01);
  const beyond = [
    { x: 30, y: 0 },
    { x: 40, y: 0 },
  ];
  assert.deepEqual(cutAtStart(beyond, box), beyond);
});
