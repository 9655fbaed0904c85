import assert from 'node:assert/strict';
import { test } from 'node:test';
import { admitted, newToken, PROTECTION } from '../../../src/cli/web/gate.ts';

const TOKEN = newToken();
const HOST = '127.0.0.1:8642';

test('`admitted` accepts a request with the token and a loopback host name', () => {
  for (const host of [HOST, 'localhost:8642', 'localhost', '127.0.0.1']) {
    assert.equal(admitted({ url: `/${TOKEN}/feed`, headers: { host } }, TOKEN), '/feed');
  }
  assert.equal(admitted({ url: `/${TOKEN}/?x=/y`, headers: { host: HOST } }, TOKEN), '/');
});

test('`admitted` rejects a request without the exact token', () => {
  const wrong = `${TOKEN.slice(0, -1)}${TOKEN.endsWith('A') ? 'B' : 'A'}`;
  for (const url of [
    ...[
      '/',
      '',
      '/feed',
      '//',
      `/${wrong}/`,
      `/${TOKEN.slice(0, -1)}/`,
      `/${TOKEN}x/`,
      `/x/${TOKEN}/`,
      `/?${TOKEN}/`,
    ],
    ...[`/${TOKEN}`, `/${TOKEN.toLowerCase()}/`, `/${encodeURIComponent(`${TOKEN}\0`)}/`],
    `http://${HOST}/${TOKEN}/`,
  ]) {
    assert.equal(admitted({ url, headers: { host: HOST } }, TOKEN), undefined, url);
  }
});

test('`admitted` rejects any host name other than those of the loopback', () => {
  for (const host of [
    ...[
      'evil.example',
      'evil.example:8642',
      'localhost.evil.example',
      '127.0.0.1.evil.example:8642',
      '127.0.0.2',
    ],
    ...[
      '',
      '0.0.0.0:8642',
      '[::1]:8642',
      '127.0.0.1:8642, evil.example',
      '127.0.0.1@evil.example',
      undefined,
    ],
  ]) {
    assert.equal(admitted({ url: `/${TOKEN}/`, headers: { host } }, TOKEN), undefined, host);
  }
});

test('`newToken` returns a long random token that fits into a URL', () => {
  const tokens = new Set(Array.from({ length: 100 }, newToken));
  assert.equal(tokens.size, 100);
  for (const token of tokens) assert.match(token, /^[\w-]{32}$/);
});

test('`PROTECTION` allows only the page itself as a source', () => {
  const policy = PROTECTION['Content-Security-Policy'];
  assert.match(policy, /^default-src 'none'; /);
  assert.ok(!/unsafe|https?:|\*|data:|blob:/.test(policy), policy);
});
