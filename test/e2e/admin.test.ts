import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import manifest from '../../package.json' with { type: 'json' };
import { adminSocket, look, lookJson } from '../support/admin.ts';
import { startDaemon } from '../support/daemon.ts';
import { until } from '../support/until.ts';

test('admin socket has mode 0600, and the daemon removes it when it stops', async (t) => {
  const daemon = await startDaemon(t);
  const { mode } = statSync(adminSocket(daemon));
  assert.equal(mode & 0o777, 0o600);
  assert.equal((await daemon.stop()).code, 0);
  assert.ok(!existsSync(adminSocket(daemon)));
});

test('/healthz answers with the process id and the version of the daemon', async (t) => {
  const daemon = await startDaemon(t);
  const { status, body } = await lookJson(daemon, '/healthz');
  const { uptime_s, ...rest } = body;
  assert.deepEqual([status, rest], [200, { ok: true, pid: daemon.pid, version: manifest.version }]);
  assert.equal(typeof uptime_s, 'number');
});

test('admin socket answers curl', { skip: !existsSync('/usr/bin/curl') && 'curl is missing' }, async (t) => {
  const daemon = await startDaemon(t);
  const curl = ['-sS', '--max-time', '10', '--unix-socket', adminSocket(daemon), 'http://x/healthz'];
  assert.equal(JSON.parse(execFileSync('/usr/bin/curl', curl, { encoding: 'utf8' })).ok, true);
});

test('admin socket answers a client that half-closes after its request, as nc -N does', async (t) => {
  const daemon = await startDaemon(t);
  for (const path of ['/healthz', '/readyz', '/metrics', '/state', '/processes']) {
    const socket = connect({ path: adminSocket(daemon), allowHalfOpen: true });
    socket.end(`GET ${path} HTTP/1.0\r\n\r\n`);
    assert.match(await text(socket), /^HTTP\/1\.1 200 OK\r\n/, path);
  }
});

test('admin socket answers while another process holds the write lock', async (t) => {
  const daemon = await startDaemon(t);
  const other = new Database(daemon.at.database);
  t.after(() => other.close());
  other.exec('BEGIN IMMEDIATE');
  const refused = daemon.deletion(join(daemon.at.backups, 'b1'));
  assert.equal((await lookJson(daemon, '/healthz')).status, 200);
  assert.equal((await lookJson(daemon, '/processes')).status, 200);
  assert.equal((await refused).code, 503);
});

test('admin socket refuses unknown routes, methods and parameters', async (t) => {
  const daemon = await startDaemon(t);
  const asked = async (path: string, method?: string) => {
    const { status, allow, text } = await look(adminSocket(daemon), path, method);
    return [status, allow, JSON.parse(text).error];
  };
  const none = [404, undefined, 'there is no such route'];
  for (const path of [
    '/',
    '/healthz/',
    '//healthz',
    '/metric',
    '/processes/a/b',
    '/processes/',
    '/processes/..',
  ]) {
    assert.deepEqual(await asked(path), none, path);
  }
  const get = [405, 'GET, HEAD', 'only GET, HEAD is answered here'];
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
    assert.deepEqual(await asked('/state', method), get, method);
  }
  assert.deepEqual(await asked('/dry-run'), [405, 'POST', 'only POST is answered here']);
  assert.deepEqual(await asked('/dry-run', 'POST'), [
    400,
    undefined,
    'the body is empty; it must be the request of a client',
  ]);
  assert.deepEqual(await asked('/healthz?verbose=1'), [400, undefined, 'unknown parameter "verbose"']);
});

test('HEAD gets the answer of GET without the body, and on /events it waits for no event', async (t) => {
  const daemon = await startDaemon(t);
  const asked = async (path: string, method: string) => {
    const { status, contentType, text } = await look(adminSocket(daemon), path, method);
    return { as: [status, contentType], text };
  };
  for (const path of [
    '/healthz',
    '/readyz',
    '/metrics',
    '/state',
    '/processes',
    '/processes/none',
    '/none',
  ]) {
    const get = await asked(path, 'GET');
    assert.deepEqual(await asked(path, 'HEAD'), { as: get.as, text: '' }, path);
  }
  assert.deepEqual(await asked('/events', 'HEAD'), { as: [200, 'application/x-ndjson'], text: '' });
});

test('daemon replaces a stale admin socket', async (t) => {
  const first = await startDaemon(t);
  await first.stop('SIGKILL');
  assert.ok(statSync(adminSocket(first)).isSocket());
  const second = await startDaemon(t, { folder: first.at.folder });
  assert.equal((await lookJson(second, '/healthz')).body.pid, second.pid);
});

test('daemon leaves another file at the path of the admin socket alone, names it, and serves without the socket', async (t) => {
  const path = (folder: string) => join(folder, 'run', 'cmd-admin.sock');
  const daemon = await startDaemon(t, {
    arrange: ({ folder }) => {
      mkdirSync(dirname(path(folder)));
      writeFileSync(path(folder), 'mine');
    },
  });
  const line = await daemon.logged('the admin socket', ({ code }) => code === 'ADMIN_UNUSABLE');
  assert.match(line.msg as string, /it goes on without: something that is not a socket.*cmd-admin\.sock/);
  assert.match(line.remedy as string, /^check admin_socket_path/);
  assert.equal(readFileSync(adminSocket(daemon), 'utf8'), 'mine');
  assert.equal(
    (await daemon.carryOut('delete_directory', { path: join(daemon.at.backups, 'b1') })).status,
    'success',
  );
  assert.equal((await daemon.stop()).code, 0);
  assert.equal(readFileSync(adminSocket(daemon), 'utf8'), 'mine');
});

test('admin socket survives invalid requests and clients that leave early', async (t) => {
  const daemon = await startDaemon(t);
  const path = adminSocket(daemon);
  const head = (target: string) => `GET ${target} HTTP/1.1\r\nHost: x\r\n`;
  const sent = [
    '',
    '\0\0\0',
    'GET',
    '{"cmd":"delete_directory"}',
    head('/state'),
    `${head('http://[')}\r\n`,
    `${head('/%')}\r\n`,
    `${head('/events?%zz')}\r\n`,
    `${head('/state')}Content-Length: 9\r\n\r\n`,
    `${head('/state')}Expect: 100-continue\r\n\r\n`,
    `${head('/state')}Connection: Upgrade\r\nUpgrade: x\r\n\r\n`,
    `${head('/state')}X: ${'x'.repeat(20_000)}\r\n\r\n`,
    'CONNECT x:1 HTTP/1.1\r\n\r\n',
    `${head('/metrics')}\r\n${head('/state')}\r\n${head('/processes')}\r\n`,
    'POST /dry-run HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{"cmd":',
    'POST /dry-run HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{"\r\nzz\r\n',
  ];
  for (const bytes of sent) {
    for (const leave of ['end', 'destroy'] as const) {
      const socket = connect(path);
      socket.on('error', () => {});
      await new Promise((resolve) => socket.write(bytes, resolve));
      socket[leave]();
    }
    assert.equal((await lookJson(daemon, '/healthz')).status, 200, bytes.slice(0, 60));
  }
});

test('admin socket closes connections above its limit, while the command socket still answers', async (t) => {
  const daemon = await startDaemon(t);
  const sockets: Socket[] = Array.from({ length: 64 }, () =>
    connect(adminSocket(daemon)).on('error', () => {}),
  );
  t.after(() => sockets.forEach((socket) => void socket.destroy()));
  await assert.rejects(async () => {
    while ((await lookJson(daemon, '/healthz')).status === 200);
  }, /ECONNRESET|socket hang up|EPIPE/);
  assert.equal((await daemon.ask({ cmd: 'x' })).code, 400);
  for (const socket of sockets) socket.destroy();
  const answers = () => look(adminSocket(daemon), '/healthz').catch(() => undefined);
  await until('an answer', async () => (await answers())?.status === 200);
});
