import type { TestContext } from 'node:test';

const undone = new WeakMap<TestContext, (() => void)[]>();

/** Undoes actions in reverse order when the test ends. The hooks of a test itself run in the order of their creation. */
export function undoLater(t: TestContext, undo: () => void): void {
  const known = undone.get(t);
  if (known) return void known.push(undo);
  const all = [undo];
  undone.set(t, all);
  t.after(() => {
    while (all.length > 0) all.pop()?.();
  });
}
