import assert from 'node:assert/strict';
import { test } from 'node:test';
import { printable, printableBlock, printableJson } from '../../src/cli/printable.ts';

test('`printable` escapes every character that can control a terminal', () => {
  const cases: [unknown, string][] = [
    ['plain ä 漢', 'plain ä 漢'],
    ['\u001b[2Jgone', '\\u001b[2Jgone'],
    ['a\nb\tc\r', 'a\\u000ab\\u0009c\\u000d'],
    ['\u009b31m', '\\u009b31m'],
    ['\u007f', '\\u007f'],
    ['abc\u202edcba', 'abc\\u202edcba'],
    [null, ''],
    [7, '7'],
  ];
  for (const [value, wanted] of cases) assert.equal(printable(value), wanted);
});

test('`printableBlock` keeps newlines and tabs, and escapes other control characters', () => {
  assert.equal(printableBlock('a\n\tb\r\u0007'), 'a\n\tb\\u000d\\u0007');
});

test('`printableJson` escapes control characters, and parses to the same value', () => {
  const value = { text: '\u009b2J\u202e\u007f\u001b"\n' };
  for (const indent of [undefined, 2]) {
    const text = printableJson(value, indent);
    assert.ok(!/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/.test(text), text);
    assert.deepEqual(JSON.parse(text), value);
  }
});
