import assert from 'node:assert/strict';
import { posix } from 'node:path';
import { test } from 'node:test';
import { Random } from '../chaos/random.ts';
import { layout } from '../support/daemon.ts';
import { testFolder } from '../support/folder.ts';
import { makeCase } from './cases.ts';
import { mutateBytes } from './mutate.ts';
import type { Place } from './place.ts';
import { runFuzz } from './run-fuzz.ts';
import { isSafe } from './safe.ts';

const FOLDER = '/tmp/dbcalm-x1';
const request = (path: string) => JSON.stringify({ cmd: 'delete_directory', args: { path } });

test('`isSafe` rejects a request with a path that leads out of the test directory', () => {
  const paths = [
    '/',
    '//',
    '/etc',
    '/tmp',
    '/tmp/dbcalm-x',
    '/tmp/dbcalm-x1-not',
    '/tmp/dbcalm-x2/backups',
    '//tmp/dbcalm-x1/backups',
    '/./tmp/dbcalm-x1/backups',
    '/tmp/dbcalm-x1\0/backups',
    '/tmp/dbcalm-x1/..',
    '/tmp/dbcalm-x1/../dbcalm-x1/backups',
    '/tmp/dbcalm-x1/a/../..',
    '/tmp/dbcalm-x1/a/../../dbcalm-x1/a',
    '/tmp/dbcalm-x1/./..//.',
    '/tmp/dbcalm-x1/a/b/c/link/../../..',
    '/tmp/dbcalm-x1/a/..\0/../b',
    '..',
    'a/../..',
    ' /etc',
    '\0/etc',
    '\u00a0/etc',
    '"/etc',
  ];
  for (const path of paths) {
    const escaped = path.replaceAll('/', '\\u002F').replaceAll('.', '\\u002e');
    const texts = [
      request(path),
      request('').replace('""', `"${escaped.replaceAll('"', '\\"').replaceAll('\0', '\\u0000')}"`),
      request('').replace('""', JSON.stringify(path).replaceAll('/', '\\/')),
      `{"path":${JSON.stringify(path)},"path":"/tmp/dbcalm-x1/backups/b1"}`,
      JSON.stringify({ [path]: 1 }),
      JSON.stringify(path),
      JSON.stringify(path).slice(0, -1),
      `"a" "b" ${JSON.stringify(path)}`,
      `\\"${JSON.stringify(path)}`,
    ];
    for (const text of texts) assert.ok(!isSafe(Buffer.from(text), FOLDER), text);
  }
});

test('`isSafe` accepts a request with paths inside the test directory', () => {
  const below = [
    '',
    '/',
    '/backups/b1',
    '/backups/b1/',
    '//backups',
    '/backups/../canary',
    '/backups/a/b/../..',
  ];
  const paths = [...below.map((path) => FOLDER + path), 'relative/path', '--help', '', 'a\0b', '...', '~'];
  for (const path of paths) assert.ok(isSafe(Buffer.from(request(path)), FOLDER), path);
  for (const text of ['', '{', '\0', '{"minute":1e400}']) assert.ok(isSafe(Buffer.from(text), FOLDER), text);
});

test('`isSafe` accepts none of 4,000 mutated requests whose parsed JSON leads out of the test directory', () => {
  const random = new Random(1);
  const at = layout(FOLDER);
  const place: Place = { ...at, canary: `${FOLDER}/canary`, untouched: `${at.backups}/untouched` };
  let strings = 0;
  let dropped = 0;
  const look = (_: string, value: unknown) => {
    if (typeof value !== 'string' || !value.includes('/')) return value;
    strings++;
    const path = posix.resolve(FOLDER, value);
    assert.ok(path === FOLDER || path.startsWith(`${FOLDER}/`), value);
    return value;
  };
  for (let number = 0; number < 4_000; number++) {
    const made = makeCase(1, number, place);
    if (made === undefined || made.bytes.length > 5_000) continue;
    const bytes = mutateBytes(made.bytes, random);
    if (isSafe(bytes, FOLDER)) parse(bytes.toString(), look);
    else dropped++;
  }
  assert.ok(strings > 1_000 && dropped > 100, `${strings} strings, ${dropped} dropped`);
});

function parse(text: string, look: (key: string, value: unknown) => unknown): void {
  try {
    JSON.parse(text, look);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
}

test('daemon survives 2,000 generated requests, answers each once, and changes nothing else', async (t) => {
  const violations: string[] = [];
  const { replies, requests } = await runFuzz({
    seed: 20_261_123,
    folder: testFolder(t, 'dbcalm-cmd-fuzz-'),
    requests: 2_000,
    complain: (violation) => violations.push(violation),
  });
  assert.deepEqual(violations, []);
  for (const code of ['202', '400', '403', 'none']) {
    assert.ok((replies[code] ?? 0) > requests / 50, `${code}: ${JSON.stringify(replies)}`);
  }
});
