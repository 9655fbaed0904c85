import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ChildEnd, type ChildEvents, startChild } from '../../../src/io/child/child.ts';
import { childrenOf } from '../../support/children.ts';

const LAUNCH = { fds: [], names: new Map<string, string>() };

const start = (file: string, args: string[], events: Partial<ChildEvents>) =>
  startChild({ ...LAUNCH, file, args }, 1_024, {
    spawned: () => {},
    ended: () => {},
    refused: () => {},
    ...events,
  });

test('`startChild` starts no child whose end it could not observe, and starts the next one', async (t) => {
  const on = process.on.bind(process);
  const deaf = t.mock.method(process, 'on', ((event: string, listener: () => void) => {
    if (event === 'SIGCHLD') throw new Error('no signal can be heard');
    return on(event, listener);
  }) as typeof process.on);
  const error = await new Promise<Error>((refused) => start('/bin/sleep', ['0.2'], { refused }));
  assert.match(error.message, /could not be started: \/bin\/sleep: no signal can be heard/);
  assert.deepEqual(childrenOf(process.pid), []);
  deaf.mock.restore();
  const end = await new Promise<ChildEnd>((ended) => start('/bin/sh', ['-c', 'echo out'], { ended }));
  assert.deepEqual(end, { code: 0, stdout: 'out\n', stderr: '' });
});
