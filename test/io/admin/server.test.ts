import assert from 'node:assert/strict';
import { request } from 'node:http';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Answer, openAdminSocket, openLoopbackPort } from '../../../src/io/admin/server.ts';
import { testFolder } from '../../support/folder.ts';

const HEAD = 'GET /x HTTP/1.1\r\nHost: x\r\n';

/** Opens an admin socket that answers with `answer`, and returns its path. */
async function opened(t: TestContext, answer: () => Answer, answerLimit = 30_000) {
  const path = join(testFolder(t), 'admin.sock');
  const server = await openAdminSocket(path, answer, { answerLimit });
  t.after(() => server.close());
  return path;
}

const nothing = (): Answer => ({ status: 200, body: null });

test('openAdminSocket closes a connection whose request takes too long, also while bytes arrive', async (t) => {
  const socket = connect(await opened(t, nothing, 300)).on('error', () => {});
  let heard = '';
  socket.setEncoding('utf8').on('data', (piece: string) => {
    heard += piece;
  });
  socket.write(HEAD);
  const drip = setInterval(() => socket.write('X: y\r\n'), 10);
  t.after(() => clearInterval(drip));
  await new Promise((resolve) => socket.once('close', resolve));
  // The server does not close it for the size of the request.
  assert.equal(heard, '');
});

test('openAdminSocket keeps a stream open beyond the limit, and ends it when the reader ends', async (t) => {
  const ended = Promise.withResolvers<void>();
  const path = await opened(
    t,
    () => ({
      contentType: 'text/plain',
      stream: (out) => {
        setTimeout(() => out.write('after the limit'), 2_500);
        out.once('close', () => ended.resolve());
      },
    }),
    2_000,
  );
  const socket = connect({ path, allowHalfOpen: true }).setEncoding('utf8');
  socket.write(`${HEAD}\r\n`);
  let heard = '';
  for await (const piece of socket) {
    heard += piece;
    if (heard.includes('after the limit')) break;
  }
  assert.match(heard, /after the limit/);
  socket.end();
  await ended.promise;
});

test('openLoopbackPort answers to the host names of the loopback, and 421 to others', async (t) => {
  const port = await new Promise<number>((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
  const server = await openLoopbackPort(port, nothing);
  t.after(() => server.close());
  const ask = (host: string) =>
    new Promise((resolve, reject) => {
      const asking = request({ port, host: '127.0.0.1', headers: { host } }, (response) => {
        response.resume().on('end', () => resolve(response.statusCode));
      });
      asking.on('error', reject).end();
    });
  for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, 'LOCALHOST']) {
    assert.equal(await ask(host), 200, host);
  }
  for (const host of ['evil.example', `evil.example:${port}`, 'localhost.evil.example', '127.0.0.1.evil']) {
    assert.equal(await ask(host), 421, host);
  }
});
