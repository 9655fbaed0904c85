import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { converse, converseWhole, hear } from '../support/client.ts';
import { startDaemon } from '../support/daemon.ts';

const INVALID = /^Invalid JSON: /;

test('daemon reads a request in pieces of 1, 16 and 4,096 bytes, with pauses, from both kinds of client', async (t) => {
  const daemon = await startDaemon(t);
  const path = join(daemon.at.backups, 'b1');
  const small = { cmd: 'delete_directory', args: { path } };
  const large = { ...small, padding: '{"[\\'.repeat(3_000) };
  for (const halfClose of [true, false]) {
    for (const [request, options] of [
      [small, { piece: 1, pause: 1 }],
      [small, { piece: 16, pause: 50 }],
      [small, { piece: 16 }],
      [large, { piece: 4096, pause: 20 }],
      [large, { piece: 4096 }],
    ] as const) {
      const reply = await daemon.ask(request, { ...options, halfClose });
      assert.equal(reply.code, 202, JSON.stringify({ options, halfClose, reply }));
    }
  }
});

test('daemon accepts requests of 1 MiB from both kinds of client, in one piece or in many', async (t) => {
  const daemon = await startDaemon(t);
  const small = { cmd: 'delete_directory', args: { path: join(daemon.at.backups, 'b1') }, padding: '' };
  const large = { ...small, padding: 'x'.repeat(1_048_576 - JSON.stringify(small).length) };
  for (const halfClose of [true, false]) {
    for (const options of [{}, { piece: 65_536 }, { piece: 4_096 }]) {
      const { code, message } = await daemon.ask(large, { ...options, halfClose });
      assert.equal(code, 202, message);
    }
  }
});

test('daemon replies as soon as the object is complete, without a wait for silence', async (t) => {
  const daemon = await startDaemon(t);
  const request = JSON.stringify({ cmd: 'delete_directory', args: { path: join(daemon.at.backups, 'b') } });
  const times: number[] = [];
  for (let i = 0; i < 20; i++) {
    const started = performance.now();
    await converse(daemon.at.socket, request);
    times.push(performance.now() - started);
  }
  // A wait for silence would make each exchange 200 ms long. The quickest of twenty is far below that on any machine.
  assert.ok(Math.min(...times) < 200, `the quickest took ${Math.min(...times)} ms`);
});

test('daemon answers 400 to an incomplete object followed by silence, and says what was missing', async (t) => {
  const daemon = await startDaemon(t);
  const cases: [string, RegExp][] = [
    ['{"cmd":"delete_dir', /the request ended after 18 bytes, inside a string$/],
    ['{"cmd":"x","args":{"a":[', /with 3 brackets open$/],
    ['{"cmd":"x"', /with 1 bracket open$/],
    ['  \n ', /before the object began$/],
  ];
  for (const halfClose of [true, false]) {
    for (const [bytes, message] of cases) {
      const reply = await daemon.ask(bytes, { halfClose });
      assert.equal(reply.code, 400);
      assert.match(reply.message as string, INVALID);
      assert.match(reply.message as string, message);
    }
  }
});

test('client that sends nothing gets no reply, no row and no error in the log', async (t) => {
  const daemon = await startDaemon(t);
  const closing = await converse(daemon.at.socket, '', { halfClose: true });
  const leaving = connect(daemon.at.socket);
  const left = hear(leaving);
  leaving.on('connect', () => leaving.destroy());
  await left;
  const silent = await converse(daemon.at.socket, '');
  assert.deepEqual([closing.text, silent.text], ['', '']);
  assert.equal(silent.error, undefined);
  assert.deepEqual(daemon.rows(), []);
  await daemon.logged('the last', ({ msg }) => msg === 'client left without its reply');
  assert.ok(daemon.logLines().every(({ level }) => (level as number) < 40));
});

test('daemon waits for a client that starts late, and cuts off one that sends byte by byte with a 400 after ten seconds', async (t) => {
  const daemon = await startDaemon(t);
  const request = JSON.stringify({ cmd: 'delete_directory', args: { path: join(daemon.at.backups, 'b1') } });
  const beginner = connect(daemon.at.socket);
  const heard = hear(beginner);
  setTimeout(() => beginner.write(request), 1_000);
  const dripped = await converse(daemon.at.socket, `{${' '.repeat(500)}`, { piece: 1, pause: 50 });
  assert.equal(JSON.parse((await heard).text).code, 202);
  const reply = JSON.parse(dripped.text);
  assert.equal(reply.code, 400);
  assert.match(reply.message, /with 1 bracket open$/);
});

test('daemon reads one mebibyte and refuses one byte more, and its reply arrives although the client sends on', async (t) => {
  const daemon = await startDaemon(t);
  const sized = (bytes: number) => {
    const request = { cmd: 'delete_directory', args: { path: join(daemon.at.backups, 'b1') }, padding: '' };
    return JSON.stringify({ ...request, padding: 'x'.repeat(bytes - JSON.stringify(request).length) });
  };
  assert.equal((await daemon.ask(sized(1_048_576))).code, 202);
  for (const bytes of [1_048_577, 3_000_000]) {
    const { text, error } = await converseWhole(daemon.at.socket, sized(bytes));
    assert.equal(error, undefined, 'a client that only writes at first must not break on it');
    assert.equal(JSON.parse(text).message, 'Message too large');
  }
});

test('daemon accepts only white space after the object in the same piece', async (t) => {
  const daemon = await startDaemon(t);
  const request = JSON.stringify({ cmd: 'delete_directory', args: { path: join(daemon.at.backups, 'b1') } });
  assert.equal((await daemon.ask(`\r\n\t ${request} \n\r\t`)).code, 202);
  for (const rest of ['x', '{}', ']', '\0', request]) {
    const reply = await daemon.ask(request + rest);
    assert.equal(reply.code, 400, rest);
    assert.match(reply.message as string, INVALID);
  }
  assert.equal(daemon.rows().length, 1);
});

test('daemon survives a client that vanishes at any moment, and carries out what it has accepted', async (t) => {
  const daemon = await startDaemon(t);
  const request = JSON.stringify({ cmd: 'delete_directory', args: { path: join(daemon.at.backups, 'b1') } });
  for (let length = 0; length <= request.length; length += 9) {
    const socket = connect(daemon.at.socket);
    const heard = hear(socket);
    socket.on('connect', () => socket.write(request.slice(0, length), () => socket.destroy()));
    await heard;
  }
  const gone = connect(daemon.at.socket);
  const heard = hear(gone);
  gone.on('connect', () => gone.write(request, () => gone.destroy()));
  await heard;
  const last = await daemon.carryOut('delete_directory', { path: join(daemon.at.backups, 'b2') });
  assert.equal(last.status, 'success');
  const rows = daemon.rows();
  for (const { command_id } of rows) assert.equal((await daemon.ended(command_id)).status, 'success');
  assert.ok(daemon.logLines().every(({ level }) => (level as number) < 40));
});
