import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createActor, setup } from 'xstate';
import {
  MAX_REQUEST_BYTES,
  type RequestEvent,
  readRequest,
} from '../../../src/actors/connection/read-request.ts';
import { ROOM } from '../../support/budget.ts';
import { closeOf, socketPair } from '../../support/socket-pair.ts';
import { until } from '../../support/until.ts';

const AT = new Date(5_000);

/** Returns the events of the actor for a client that sends these pieces one by one, each once the last has arrived. */
async function said(t: TestContext, ...sent: readonly (string | Buffer)[]): Promise<RequestEvent[]> {
  const { ours, client } = await socketPair(t);
  const events: RequestEvent[] = [];
  const parent = setup({ types: { events: {} as RequestEvent }, actors: { readRequest } }).createMachine({
    invoke: { src: 'readRequest', input: { socket: ours, room: ROOM, now: () => AT } },
    on: { '*': { actions: ({ event }) => void events.push(event) } },
  });
  const actor = createActor(parent).start();
  t.after(() => actor.stop());
  for (const piece of sent) {
    client.write(piece);
    await until('the piece', () => ours.bytesRead === client.bytesWritten);
  }
  client.end();
  ours.once('end', () => ours.end());
  client.resume();
  await closeOf(ours);
  return events;
}

test('`readRequest` reports each piece, then the complete request with its time, then that the client has left', async (t) => {
  assert.deepEqual(await said(t, '{"a":', '5}'), [
    { type: 'request.received', progress: { bytes: 5, open: 1, inString: false } },
    { type: 'request.completed', text: Buffer.from('{"a":5}'), at: AT },
    { type: 'peer.left' },
  ]);
});

test('`readRequest` distinguishes invalid JSON, an oversized request and one that ends too soon', async (t) => {
  assert.deepEqual(await said(t, 'x'), [
    { type: 'request.strayed', text: Buffer.from('x'), at: AT },
    { type: 'peer.left' },
  ]);
  assert.deepEqual(await said(t), [{ type: 'request.halted' }, { type: 'peer.left' }]);
  const types = (await said(t, `{"${'x'.repeat(MAX_REQUEST_BYTES)}`)).map(({ type }) => type);
  assert.deepEqual(types.slice(-2), ['request.oversized', 'peer.left']);
});

test('`readRequest` accepts 1 MiB, and refuses one byte more', async (t) => {
  const of = (bytes: number) => `{"a":"${'x'.repeat(bytes - 8)}"}`;
  const outcome = async (bytes: number) => (await said(t, of(bytes))).at(-2)?.type;
  assert.equal(await outcome(1_048_576), 'request.completed');
  assert.equal(await outcome(1_048_577), 'request.oversized');
});
