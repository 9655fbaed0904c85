import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import type { TestContext } from 'node:test';

type Watched = 'chmodSync' | 'chownSync' | 'lchownSync' | 'openSync' | 'statSync';
type Call = (...args: unknown[]) => unknown;

/** Runs `then` right after each call of a function of node:fs, with its arguments, also for those who import it by name:
 * what another process may do at that very moment. */
export function afterCall(t: TestContext, name: Watched, then: Call): void {
  const original = fs[name] as Call;
  const replace = (call: Call) => {
    Object.assign(fs, { [name]: call });
    syncBuiltinESMExports();
  };
  replace((...args) => {
    const result = original(...args);
    then(...args);
    return result;
  });
  t.after(() => replace(original));
}
