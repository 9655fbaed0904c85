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

/** What the actor says of a client that does as `act` has it, once all of that has arrived. */
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

test('a request is told piece by piece, then whole with its time, and then that the client has left', async (t) => {
  assert.deepEqual(await said(t, '{"a":', '5}'), [
    { type: 'request.received', progress: { bytes: 5, open: 1, inString: false } },
    { type: 'request.completed', text: Buffer.from('{"a":5}'), at: AT },
    { type: 'peer.left' },
  ]);
});

test('what cannot become a request, what is too large and what ends too soon are told apart', async (t) => {
  assert.deepEqual(await said(t, 'x'), [
    { type: 'request.strayed', text: Buffer.from('x'), at: AT },
    { type: 'peer.left' },
  ]);
  assert.deepEqual(await said(t), [{ type: 'request.halted' }, { type: 'peer.left' }]);
  const types = (await said(t, `{"${'x'.repeat(MAX_REQUEST_BYTES)}`)).map(({ type }) => type);
  assert.deepEqual(types.slice(-2), ['request.oversized', 'peer.left']);
});

test('1 MiB is a request, and a byte more is none', async (t) => {
  const of = (bytes: number) => `{"a":"${'x'.repeat(bytes - 8)}"}`;
  const outcome = async (bytes: number) => (await said(t, of(bytes))).at(-2)?.type;
  assert.equal(await outcome(1_048_576), 'request.completed');
  assert.equal(await outcome(1_048_577), 'request.oversized');
});
