import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ObjectScanner, type Scan } from '../../../src/io/socket/framing.ts';

function scan(text: string | Buffer, piece: number, limit = 1_048_576): Scan & { pieces: number } {
  const bytes = Buffer.from(text);
  const scanner = new ObjectScanner(limit);
  for (let at = 0, pieces = 1; at < bytes.length; at += piece, pieces++) {
    const found = scanner.push(bytes.subarray(at, at + piece));
    if (found.kind !== 'more') return { ...found, pieces };
  }
  return { kind: 'more', pieces: 0 };
}

const textOf = (found: Scan) => ('text' in found ? found.text.toString() : undefined);

for (const piece of [1, 2, 3, 16, 4096, 100_000]) {
  test(`\`ObjectScanner\` ends an object at its last bracket, in pieces of ${piece}`, () => {
    const objects = [
      '{}',
      ' \r\n\t{}',
      '{"a":{"b":[{},[]]}}',
      '{"a":"}"}',
      '{"a":"\\"}"}',
      '{"a":"\\\\"}',
      '{"\\\\\\"{":"[{"}',
      '{"ü😀":"}"}',
      `{"a":"${'{['.repeat(5000)}"}`,
    ];
    for (const object of objects) {
      const found = scan(object, piece);
      assert.equal(found.kind, 'complete', object);
      assert.equal(textOf(found), object);
    }
  });

  test(`\`ObjectScanner\` detects text that cannot be an object at its first byte, in pieces of ${piece}`, () => {
    for (const text of ['[', '"{}"', 'x', '}', ' \n5', '\0'])
      assert.equal(scan(text, piece).kind, 'stray', text);
  });

  test(`\`ObjectScanner\` reports an unfinished object as incomplete, in pieces of ${piece}`, () => {
    for (const text of ['', '  ', '{', '{"a":"}', '{"a":"\\"}', '{"a":[}', '{{}']) {
      assert.equal(scan(text, piece).kind, 'more', text);
    }
  });
}

test('`ObjectScanner` keeps the rest of the piece that completes the object, and no later piece', () => {
  const scanner = new ObjectScanner(100);
  assert.equal(textOf(scanner.push(Buffer.from('{} x'))), '{} x');
});

test('`ObjectScanner` counts open brackets and strings, for the message about an incomplete request', () => {
  const scanner = new ObjectScanner(100);
  scanner.push(Buffer.from('{"a":[{"b":"x'));
  assert.deepEqual(scanner.progress, { bytes: 13, open: 3, inString: true });
});

test('`ObjectScanner` reads at most as many bytes as its limit', () => {
  assert.equal(scan('{"a":1}', 1, 7).kind, 'complete');
  assert.equal(scan('{"a":1}', 1, 6).kind, 'oversized');
  assert.equal(scan('{"a":1} ', 100, 7).kind, 'oversized');
});
