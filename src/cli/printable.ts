/** Escapes control characters: users that can write to the database must not control a terminal. */
import { unicodeEscape } from '../io/log/escape.ts';

/** Controls (also those above ASCII), and what turns or hides text. */
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** On one line. */
export function printable(value: unknown): string {
  return String(value ?? '').replace(UNSAFE, unicodeEscape);
}

/** Keeps its lines and tabs. */
export function printableBlock(value: unknown): string {
  return String(value ?? '').replace(UNSAFE, (char) => (/[\n\t]/.test(char) ? char : unicodeEscape(char)));
}

/** JSON leaves some of them as they are; between its quotes each may be spelled out. */
export function printableJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, undefined, indent).replace(UNSAFE, (char) =>
    char === '\n' ? char : unicodeEscape(char),
  );
}
