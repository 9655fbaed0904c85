import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import type { TestContext } from 'node:test';
import { undoLater } from './undo.ts';

export type Call = (...args: unknown[]) => unknown;

/** Replaces a function of node:fs by the result of `make`, also for modules that import it by name. */
export function replaceCall(t: TestContext, name: keyof typeof fs, make: (original: Call) => Call): void {
  const original = fs[name] as Call;
  const put = (call: Call) => {
    Object.assign(fs, { [name]: call });
    syncBuiltinESMExports();
  };
  put(make(original));
  undoLater(t, () => put(original));
}
