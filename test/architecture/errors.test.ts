import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { asDaemonError, DaemonError, ERRORS, type ErrorKind } from '../../src/errors.ts';

test('docs/errors.md equals the table of errors in the code', () => {
  const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'errors.md'), 'utf8');
  const rows = Object.entries(ERRORS).map(([code, kind]: [string, ErrorKind]) => {
    return `| \`${code}\` | ${kind.exit ?? ''} | ${kind.message} | ${kind.remedy} |`;
  });
  assert.deepEqual(
    page.split('\n').filter((line) => line.startsWith('| `')),
    rows,
  );
});

test('`DaemonError` has a message, a detail and a remedy, and `asDaemonError` converts any other value', () => {
  const error = new DaemonError('SOCKET_IN_USE', '/x.sock');
  assert.equal(error.message, 'another daemon answers on the socket: /x.sock');
  assert.equal(error.exitCode, 75);
  assert.match(error.remedy, /stop it first/);
  assert.equal(asDaemonError(error), error);
  const other = asDaemonError(new TypeError('boom'));
  assert.deepEqual([other.code, other.exitCode], ['INTERNAL', 70]);
  assert.match(other.message, /boom$/);
  assert.equal(asDaemonError('text').detail, 'text');
});
