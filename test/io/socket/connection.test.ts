import assert from 'node:assert/strict';
import { EventEmitter, on, once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { type Arrival, type RequestRoom, readRequest, sendReply } from '../../../src/io/socket/connection.ts';
import { ROOM } from '../../support/budget.ts';
import { hear } from '../../support/client.ts';
import { closeOf, type PairOptions, socketPair } from '../../support/socket-pair.ts';
import { until } from '../../support/until.ts';

const LIMIT = 100_000;
const PATIENCE = 60_000;

/** Reads from the daemon's end. `next` gives one arrival after the other, `decision` the first one that is not
 * `more`. */
async function reading(t: TestContext, options?: PairOptions, room: RequestRoom = ROOM) {
  const { ours, client } = await socketPair(t, options);
  const told: string[] = [];
  const emitter = new EventEmitter();
  const arrivals = on(emitter, 'arrival', { signal: AbortSignal.timeout(PATIENCE) });
  const stop = readRequest(ours, LIMIT, room, (arrival) => {
    told.push(arrival.kind);
    emitter.emit('arrival', arrival);
  });
  const next = async () => ((await arrivals.next()).value as [Arrival])[0];
  const decision = async () => {
    let arrival = await next();
    while (arrival.kind === 'more') arrival = await next();
    return arrival;
  };
  const received = (bytes: number) => until('all bytes', () => ours.bytesRead === bytes);
  return { ours, client, told, next, decision, stop, received };
}

const textOf = (arrival: Arrival) => ('text' in arrival ? arrival.text.toString() : undefined);

test('`readRequest` reports an object in pieces as `more` until its last bracket, then as `complete` with its text', async (t) => {
  const { client, next } = await reading(t);
  client.write('{"a":[');
  assert.deepEqual(await next(), { kind: 'more', progress: { bytes: 6, open: 2, inString: false } });
  client.write('"b');
  assert.deepEqual(await next(), { kind: 'more', progress: { bytes: 8, open: 2, inString: true } });
  client.end('"]}');
  const whole = await next();
  assert.deepEqual([whole.kind, textOf(whole)], ['complete', '{"a":["b"]}']);
});

test('`readRequest` reports `stray` at once for text that is no object, and `oversized` for one that is too large', async (t) => {
  const stray = await reading(t);
  stray.client.write(' [1');
  const arrival = await stray.next();
  assert.deepEqual([arrival.kind, textOf(arrival)], ['stray', ' [1']);
  const large = await reading(t);
  large.client.write(`{"a":"${'x'.repeat(2 * LIMIT)}`);
  assert.equal((await large.decision()).kind, 'oversized');
});

for (const sent of ['', '{"a":']) {
  test(`\`readRequest\` reports \`halted\` for a half-close after ${JSON.stringify(sent)}, also while the clock stands still`, async (t) => {
    const { client, decision, told } = await reading(t);
    t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
    client.end(sent);
    assert.equal((await decision()).kind, 'halted');
    assert.deepEqual(told, sent === '' ? ['halted'] : ['more', 'halted']);
  });
}

test('`readRequest` reports `left` when the client has closed the connection, before or after the decision', async (t) => {
  const undecided = await reading(t, { unread: true });
  await new Promise((resolve) => undecided.ours.write('x', resolve));
  // The client has not read this byte, so the kernel resets the connection instead of closing it.
  undecided.client.destroy();
  assert.equal((await undecided.next()).kind, 'left');
  const decided = await reading(t);
  decided.client.write('{}');
  assert.equal((await decided.next()).kind, 'complete');
  decided.client.destroy();
  decided.ours.end('x');
  assert.equal((await decided.next()).kind, 'left');
});

const DECISIVE = { complete: '{}', stray: 'x', oversized: `{"${'x'.repeat(LIMIT)}` };

for (const [kind, decisive] of Object.entries(DECISIVE)) {
  test(`\`readRequest\` discards the bytes after \`${kind}\`, so that no reset destroys the reply`, async (t) => {
    const { ours, client, told, next, decision, received } = await reading(t);
    const heard = hear(client);
    client.write(decisive);
    assert.equal((await decision()).kind, kind);
    const before = told.length;
    client.write(`{"${'x'.repeat(10 * LIMIT)}`);
    await received(client.bytesWritten);
    ours.end('reply');
    assert.deepEqual(await heard, { text: 'reply', reads: 1, error: undefined });
    assert.equal((await next()).kind, 'left');
    assert.equal(told.length, before + 1);
  });
}

test('`readRequest` reports nothing after it is stopped, and discards further bytes', async (t) => {
  const { ours, client, told, stop, received } = await reading(t);
  stop();
  client.end(`{} ${'x'.repeat(10 * LIMIT)}`);
  await received(10 * LIMIT + 3);
  ours.end();
  await closeOf(ours);
  assert.deepEqual(told, []);
});

/** Sends a reply from the daemon's end. `sent` holds what `sendReply` reported. */
async function replying(t: TestContext, linger: boolean) {
  const { ours, client } = await socketPair(t);
  ours.resume();
  const sent: boolean[] = [];
  const pieces: Buffer[] = [];
  client.on('data', (piece) => pieces.push(piece));
  sendReply(ours, Buffer.from('reply'), linger, (delivered) => sent.push(delivered));
  await once(client, 'end');
  assert.equal(Buffer.concat(pieces).toString(), 'reply');
  // A round trip: everything that the daemon's end does after the reply is done when this arrives.
  client.write('more');
  await until('what came after the reply', () => ours.bytesRead === 4);
  return { client, sent };
}

test('`sendReply` reports delivery to a connected client without waiting for its close', async (t) => {
  const { sent } = await replying(t, false);
  assert.deepEqual(sent, [true]);
});

test('`sendReply` with `linger` waits for the close of a client that still sends', async (t) => {
  const { client, sent } = await replying(t, true);
  assert.deepEqual(sent, []);
  client.end();
  await until('its end', () => sent.length > 0);
  assert.deepEqual(sent, [true]);
});

test('`sendReply` reports a reply to a client that has left as not delivered, once', async (t) => {
  for (const linger of [false, true]) {
    const { ours, client } = await socketPair(t);
    const sent: boolean[] = [];
    client.destroy();
    await once(ours.resume(), 'end');
    sendReply(ours, Buffer.from('reply'), linger, (delivered) => sent.push(delivered));
    await closeOf(ours);
    assert.deepEqual(sent, [false]);
    sendReply(ours, Buffer.from('reply'), linger, (delivered) => sent.push(delivered));
    assert.deepEqual(sent, [false, false], 'at once where the connection is gone already');
  }
});

test('`readRequest` pauses a request without room until there is room, and then reads it to its end', async (t) => {
  const asked: [bytes: number, isComplete: boolean][] = [];
  let goOn: (() => void) | undefined;
  const room: RequestRoom = {
    ...ROOM,
    grow: (bytes, isComplete, then) => {
      asked.push([bytes, isComplete]);
      goOn = then;
      return false;
    },
  };
  const { ours, client, next, told } = await reading(t, undefined, room);
  client.write('{"a":[');
  assert.equal((await next()).kind, 'waiting');
  assert.equal(ours.isPaused(), true);
  client.end('5]}');
  goOn?.();
  assert.deepEqual(await next(), { kind: 'more', progress: { bytes: 6, open: 2, inString: false } });
  assert.equal((await next()).kind, 'waiting');
  goOn?.();
  const whole = await next();
  assert.deepEqual([whole.kind, textOf(whole)], ['complete', '{"a":[5]}']);
  assert.deepEqual(asked, [
    [6, false],
    [9, true],
  ]);
  assert.deepEqual(told, ['waiting', 'more', 'waiting', 'complete']);
});

test('`sendReply` stops the reading of a request that is answered while it waits for room', async (t) => {
  const { ours, client, next, told } = await reading(t, undefined, { ...ROOM, grow: () => false });
  client.resume().write('{"a":');
  assert.equal((await next()).kind, 'waiting');
  const delivered = new Promise((resolve) => sendReply(ours, Buffer.from('no'), true, resolve));
  client.write('5}');
  client.once('end', () => client.end());
  assert.equal(await delivered, true);
  assert.ok(!told.includes('complete'), told.join());
});

for (const [rest, kind] of [
  ['5]}', 'complete'],
  ['5', 'halted'],
] as const) {
  test(`\`readRequest\` takes a half-close while a request waits as the end of one that is ${kind}`, async (t) => {
    let goOn: (() => void) | undefined;
    const room: RequestRoom = {
      ...ROOM,
      grow: (_bytes, _isComplete, then) => {
        goOn = then;
        return false;
      },
    };
    const { ours, client, next, told } = await reading(t, undefined, room);
    client.end(`{"a":[${rest}`);
    assert.equal((await next()).kind, 'waiting');
    if (!ours.readableEnded) await once(ours, 'end');
    assert.deepEqual(told, ['waiting']);
    goOn?.();
    await until('the decision', () => told.at(-1) === kind);
  });
}
