import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type CallOptions, call, type NoReplyError } from '../../src/client.ts';
import { testFolder } from '../support/folder.ts';
import { until } from '../support/until.ts';

const REFUSED = { code: 400, status: 'Bad Request', message: 'Invalid command' };

/** Starts a server that handles each client with `answer`, and returns a function that calls it. */
async function listening(t: TestContext, answer: (socket: Socket) => void) {
  const socketPath = join(testFolder(t), 's');
  const server = createServer((socket) => {
    socket.on('error', () => {});
    answer(socket);
  });
  await once(server.listen(socketPath), 'listening');
  t.after(() => server.close());
  return (options: CallOptions = {}) => call('delete_directory', { path: '/x' }, { socketPath, ...options });
}

const failing = (code: NoReplyError['code']) => ({ name: 'NoReplyError', code });

test('`call` sends the request once, and joins the pieces of the reply', async (t) => {
  const heard: string[] = [];
  const send = await listening(t, (socket) => {
    socket.once('data', (bytes) => {
      heard.push(bytes.toString());
      const text = JSON.stringify(REFUSED);
      socket.write(text.slice(0, 10), () => socket.end(text.slice(10)));
    });
  });
  assert.deepEqual(await send(), REFUSED);
  assert.deepEqual(heard, ['{"cmd":"delete_directory","args":{"path":"/x"}}']);
});

test('`call` rejects with the reason if there is no reply', async (t) => {
  const gone = join(testFolder(t), 'nobody');
  await assert.rejects(
    call('delete_directory', { path: '/x' }, { socketPath: gone }),
    failing('UNREACHABLE'),
  );
  const closing = await listening(t, (socket) => socket.end());
  await assert.rejects(closing(), failing('BROKEN'));
  const half = await listening(t, (socket) => socket.end('{"code":20'));
  await assert.rejects(half(), failing('BROKEN'));
  const other = await listening(t, (socket) => socket.end('"hello"'));
  await assert.rejects(other(), failing('BROKEN'));
});

test('`call` waits for a reply until its timeout or its signal', async (t) => {
  const clients: Socket[] = [];
  const silent = await listening(t, (socket) => clients.push(socket));
  await assert.rejects(silent({ timeout: 20 }), failing('TIMEOUT'));
  const control = new AbortController();
  const waiting = silent({ signal: control.signal });
  control.abort();
  await assert.rejects(waiting, failing('ABORTED'));
  await assert.rejects(silent({ signal: control.signal }), failing('ABORTED'));
  for (const client of clients) client.destroy();
});

test('call sends nothing where `objectTo` has an objection to the process that listens', async (t) => {
  const heard: string[] = [];
  const send = await listening(t, (socket) => {
    socket.on('data', (bytes) => heard.push(bytes.toString()));
    socket.once('end', () => heard.push('end'));
  });
  await assert.rejects(send({ objectTo: () => 'it is of another user' }), {
    ...failing('UNREACHABLE'),
    message: /^no reply from .*: it is of another user$/,
  });
  await until('the end', () => heard.length > 0);
  assert.deepEqual(heard, ['end']);
});
