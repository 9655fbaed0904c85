/** Values that become JSON or nearly JSON: with duplicate keys, invalid numbers and all else that JavaScript objects
 * cannot hold. */
import type { Random } from '../chaos/random.ts';

/** Text that is written unchanged. */
export class Raw {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** An object with ordered keys, which may occur twice. */
export class Fields {
  readonly entries: [key: string, value: Value][];

  constructor(entries: [key: string, value: Value][]) {
    this.entries = entries;
  }

  static of(plain: Readonly<Record<string, Value>>): Fields {
    return new Fields(Object.entries(plain));
  }
}

export type Value = string | number | boolean | null | Raw | Fields | Value[];

export function write(value: Value, random: Random): string {
  if (value instanceof Raw) return value.text;
  if (Array.isArray(value)) return `[${value.map((item) => write(item, random)).join(',')}]`;
  if (value instanceof Fields) {
    const entries = value.entries.map(([key, inner]) => `${JSON.stringify(key)}:${write(inner, random)}`);
    return `{${entries.join(random.chance(0.1) ? ' , ' : ',')}}`;
  }
  if (typeof value === 'string' && random.chance(0.05)) return `"${escaped(value)}"`;
  return JSON.stringify(value);
}

/** Writes every character as an escape: the same string in other bytes. */
function escaped(text: string): string {
  const units = Array.from({ length: text.length }, (_, at) =>
    text.charCodeAt(at).toString(16).padStart(4, '0'),
  );
  return units.map((unit) => `\\u${unit}`).join('');
}

const raws = (text: string) => text.split(' ').map((word) => new Raw(word));
const NUMBERS = raws('0 -0 -1 1.0 1.5 59 60 1e2 1e400 -1e400 5e-324 9007199254740993 4294967296');
const NO_JSON = raws(`007 0x10 NaN +1 .5 1. undefined 'x' "open ] } , \0 \ufeff`);
const WORDS =
  '\0|\x1b[31m|a\nb|\u007f|\u0085|\u2028|\u202e|\ufeff|\ud800|\udc00x|😀|$(id)|`id`|%|\\|"|--help|null'.split(
    '|',
  );
/** Members that code reads by accident if it takes an object for a string, a number or a list. */
const HOSTILE = raws(
  '{"toString":1,"valueOf":1} {"toString":null} {"toJSON":1} {"length":1e9} {"__proto__":[]} [[],{}]',
);
const FILLINGS = ['x', '\u0001', 'ü', '😀', '"', '\\', '\ud800'];

export const longString = (random: Random, most = 70_000): string =>
  random.pick(FILLINGS).repeat(random.below(most));

export function deep(random: Random, most = 8_000): Raw {
  const depth = random.below(most);
  const [open, close] = random.pick([['[', ']'] as const, ['{"a":', '}'] as const]);
  const core = open === '[' ? '' : '0';
  return new Raw(open.repeat(depth) + core + close.repeat(depth));
}

/** Returns a value of any kind, which is hardly ever valid in the place of another. */
export function anything(random: Random): Value {
  const make = random.weighted<() => Value>([
    [8, () => random.pick<Value>([null, true, false, '', [], new Fields([])])],
    [8, () => random.pick(NUMBERS)],
    [5, () => random.pick(WORDS)],
    [2, () => [anything(random), anything(random)]],
    [2, () => Fields.of({ [random.pick(KEYS)]: anything(random) })],
    [5, () => random.pick(HOSTILE)],
    [1, () => deep(random)],
    [1, () => longString(random)],
    [1, () => random.pick(NO_JSON)],
  ]);
  return make();
}

export const KEYS = [
  '__proto__',
  'constructor',
  'toString',
  'length',
  'cmd',
  'args',
  'path',
  'folders',
  'backup_ids',
  'schedules',
  'id',
  '',
  'x\0',
  '\ud800',
] as const;
