import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anonymousOf } from '../../bench/process-figures.ts';
import { converse } from '../support/client.ts';
import { startDaemon } from '../support/daemon.ts';
import { until } from '../support/until.ts';

/** A request of 1 MiB with many small parts, which the daemon refuses. */
const LARGE = JSON.stringify({ cmd: 7, args: { list: Array.from({ length: 60_000 }, (_, id) => ({ id })) } });

test('daemon at rest gives back the memory of a busy time', async (t) => {
  const daemon = await startDaemon(t);
  for (let sent = 0; sent < 40; sent++) {
    const { text } = await converse(daemon.at.socket, LARGE);
    assert.match(text, /^\{"code":400,/);
  }
  const busy = anonymousOf(daemon.pid);
  // V8 on its own keeps this memory and grows.
  await until('the memory', () => anonymousOf(daemon.pid) < busy * 0.75);
  assert.equal((await daemon.ask({ cmd: 7 })).code, 400, 'it goes on');
});
