import type { TestContext } from 'node:test';
import { type Call, replaceCall } from './replace-call.ts';

type Watched =
  | 'chmodSync'
  | 'chownSync'
  | 'lchownSync'
  | 'openSync'
  | 'statSync'
  | 'fstatSync'
  | 'readdirSync';

/** Runs `then` right after each call of a function of node:fs, with its arguments. It stands for an action of another
 * process at that moment. */
export function afterCall(t: TestContext, name: Watched, then: Call): void {
  replaceCall(t, name, (original) => (...args) => {
    const result = original(...args);
    then(...args);
    return result;
  });
}
