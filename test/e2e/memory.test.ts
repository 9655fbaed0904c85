import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anonymousOf } from '../../bench/process-figures.ts';
import { converse } from '../support/client.ts';
import { startDaemon } from '../support/daemon.ts';
import { until } from '../support/until.ts';

/** 1 MiB, of many small parts, refused. */
const LARGE = JSON.stringify({ cmd: 7, args: { list: Array.from({ length: 60_000 }, (_, id) => ({ id })) } });

test('what a busy time has left in memory is given back at rest', async (t) => {
  const daemon = await startDaemon(t);
  for (let sent = 0; sent < 40; sent++) {
    const { text } = await converse(daemon.at.socket, LARGE);
    assert.match(text, /^\{"code":400,/);
  }
  const busy = anonymousOf(daemon.pid);
  // V8's own habit is to keep this, and grow.
  await until('the memory', () => anonymousOf(daemon.pid) < busy * 0.75);
  assert.equal((await daemon.ask({ cmd: 7 })).code, 400, 'it goes on');
});
