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
  test(`an object ends at its last bracket, in pieces of ${piece}`, () => {
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

  test(`what cannot be an object is seen at its first byte, in pieces of ${piece}`, () => {
    for (const text of ['[', '"{}"', 'x', '}', ' \n5', '\0'])
      assert.equal(scan(text, piece).kind, 'stray', text);
  });

  test(`an object that goes on is not complete, in pieces of ${piece}`, () => {
    for (const text of ['', '  ', '{', '{"a":"}', '{"a":"\\"}', '{"a":[}', '{{}']) {
      assert.equal(scan(text, piece).kind, 'more', text);
    }
  });
}

test('what follows in the piece that completes it belongs to the text, what comes later does not', () => {
  const scanner = new ObjectScanner(100);
  assert.equal(textOf(scanner.push(Buffer.from('{} x'))), '{} x');
});

test('it counts what is open, for the message of what was missing', () => {
  const scanner = new ObjectScanner(100);
  scanner.push(Buffer.from('{"a":[{"b":"x'));
  assert.deepEqual(scanner.progress, { bytes: 13, open: 3, inString: true });
});

test('the limit is the last byte that is read', () => {
  assert.equal(scan('{"a":1}', 1, 7).kind, 'complete');
  assert.equal(scan('{"a":1}', 1, 6).kind, 'oversized');
  assert.equal(scan('{"a":1} ', 100, 7).kind, 'oversized');
});
