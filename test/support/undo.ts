import type { TestContext } from 'node:test';

const undone = new WeakMap<TestContext, (() => void)[]>();

/** When the test ends, what was done last is undone first; its own hooks run in the order of their making. */
export function undoLater(t: TestContext, undo: () => void): void {
  const known = undone.get(t);
  if (known) return void known.push(undo);
  const all = [undo];
  undone.set(t, all);
  t.after(() => {
    while (all.length > 0) all.pop()?.();
  });
}
