import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BoundedCapture, joinCaptured } from '../../../src/io/child/capture.ts';

function captured(limit: number, ...pieces: string[]): string {
  const capture = new BoundedCapture(limit);
  for (const piece of pieces) capture.push(Buffer.from(piece));
  return capture.text();
}

test('`BoundedCapture` keeps text up to its limit, in any pieces', () => {
  assert.equal(captured(10), '');
  assert.equal(captured(10, '0123456789'), '0123456789');
  assert.equal(captured(10, ...'0123456789'), '0123456789');
  assert.equal(captured(10, '012', '34567', '89'), '0123456789');
});

test('`BoundedCapture` keeps the beginning and the end of longer text, with a note of the omitted bytes', () => {
  const text = 'abcdefghijklmnopqrstuvwxyz';
  for (const size of [1, 2, 3, 7, 26]) {
    const pieces = Array.from({ length: Math.ceil(26 / size) }, (_, i) =>
      text.slice(i * size, (i + 1) * size),
    );
    assert.equal(captured(10, ...pieces), 'abcde\n… 16 bytes left out …\nvwxyz', `pieces of ${size}`);
  }
});

test('`BoundedCapture` of a gigabyte takes no more memory than its limit', () => {
  const capture = new BoundedCapture(1024);
  const piece = Buffer.alloc(65_536, 'x');
  for (let i = 0; i < 16_384; i++) capture.push(piece);
  assert.ok(capture.text().length < 1100);
  assert.match(capture.text(), /… 1073740800 bytes left out …/);
});

/** Returns the captures of the texts, joined one after the other. */
function joined(limit: number, ...texts: string[]) {
  const parts = texts.map((text) => {
    const capture = new BoundedCapture(limit);
    capture.push(Buffer.from(text));
    return { text: capture.text(), left: capture.left };
  });
  return parts.reduce((first, second) => joinCaptured(first, second, limit));
}

test('`joinCaptured` gives one capture with one beginning, one end and one note', () => {
  assert.deepEqual(joined(10, 'abc', '', 'def'), { text: 'abcdef', left: 0 });
  const note = (left: number) => `\n… ${left} bytes left out …\n`;
  assert.deepEqual(joined(4, 'abcdef', 'xyz'), { text: `ab${note(5)}yz`, left: 5 });
  assert.deepEqual(joined(4, 'a', 'bcdefghi'), { text: `ab${note(5)}hi`, left: 5 });
  assert.deepEqual(joined(4, 'a'.repeat(100), 'b'.repeat(100), 'c'), { text: `aa${note(197)}bc`, left: 197 });
});
