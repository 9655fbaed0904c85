import type { Random } from '../chaos/random.ts';
import { anything, Fields, KEYS, type Value } from './values.ts';

/** The position of a value: an index in a list, or a key of an object. */
interface Slot {
  readonly list: unknown[];
  readonly index: number;
  readonly holder: Value[] | Fields;
}

/** Makes one change somewhere in `root`, which holds the whole request. */
export function mutateValue(root: Value[], random: Random): void {
  const slots = [...slotsOf(root)];
  const slot = random.pick(slots);
  random.weighted<() => void>([
    [40, () => change(slot, () => anything(random))],
    [15, () => remove(slot)],
    [12, () => add(slot, random.pick(KEYS), anything(random))],
    [12, () => double(slot, random)],
    [8, () => change(slot, (value) => [value])],
    [5, () => change(slot, (value) => Fields.of({ [random.pick(KEYS)]: value }))],
    [5, () => slot.holder instanceof Fields && slot.holder.entries.reverse()],
    [5, () => rename(slot, random)],
  ])();
}

function* slotsOf(holder: Value[] | Fields): Generator<Slot> {
  const list = holder instanceof Fields ? holder.entries : holder;
  for (const [index, item] of list.entries()) {
    yield { list, index, holder };
    const value = holder instanceof Fields ? (item as [string, Value])[1] : (item as Value);
    if (value instanceof Fields || Array.isArray(value)) yield* slotsOf(value);
  }
}

function change({ list, index, holder }: Slot, into: (value: Value) => Value): void {
  if (holder instanceof Fields) {
    const [key, value] = list[index] as [string, Value];
    list[index] = [key, into(value)];
  } else list[index] = into(list[index] as Value);
}

function remove({ list, index }: Slot): void {
  if (list.length > 0) list.splice(index, 1);
}

function add({ list, index, holder }: Slot, key: string, value: Value): void {
  list.splice(index, 0, holder instanceof Fields ? [key, value] : value);
}

/** Adds a second value under the same key. JSON takes the last of two equal keys. */
function double(slot: Slot, random: Random): void {
  const item = slot.list[slot.index];
  const key = Array.isArray(item) && typeof item[0] === 'string' ? item[0] : 'x';
  add(slot, key, anything(random));
  if (random.chance(0.5)) slot.list.reverse();
}

function rename({ list, index, holder }: Slot, random: Random): void {
  if (!(holder instanceof Fields)) return;
  const [key, value] = list[index] as [string, Value];
  const other = random.pick([key.toUpperCase(), ` ${key}`, `${key}\0`, key.slice(1), random.pick(KEYS)]);
  list[index] = [other, value];
}

const NO_UTF8 = ['ff', 'c0af', 'eda080', 'f4908080', '80', 'e282', 'fffe', 'efbbbf', '00'].map((hex) =>
  Buffer.from(hex, 'hex'),
);
const ENDS = [' ', '\r\n\t ', '\0', 'x', '}', ']', '{}', '\n{"cmd":"x"}', ',', '\ufeff'].map((end) =>
  Buffer.from(end),
);

/** Changes some bytes. */
export function mutateBytes(bytes: Buffer, random: Random): Buffer {
  const at = random.below(bytes.length + 1);
  const to = Math.min(bytes.length, at + random.below(20));
  const [before, piece, after] = [bytes.subarray(0, at), bytes.subarray(at, to), bytes.subarray(to)];
  return random.weighted<() => Buffer>([
    [25, () => flip(bytes, random)],
    [15, () => Buffer.concat([before, randomBytes(random, 4), piece, after])],
    [15, () => Buffer.concat([before, after])],
    [10, () => Buffer.concat([before, piece, piece, after])],
    [15, () => Buffer.concat([before, random.pick(NO_UTF8), piece, after])],
    [15, () => Buffer.concat([bytes, random.pick(ENDS)])],
    [3, () => Buffer.concat([random.pick(NO_UTF8), bytes])],
    [2, () => Buffer.concat([bytes, bytes])],
    [1, () => Buffer.from(bytes.toString('latin1'), 'utf16le')],
  ])();
}

function flip(bytes: Buffer, random: Random): Buffer {
  const flipped = Buffer.from(bytes);
  for (let left = 1 + random.below(3); left > 0 && flipped.length > 0; left--) {
    const at = random.below(flipped.length);
    flipped[at] = (flipped[at] as number) ^ (1 << random.below(8));
  }
  return flipped;
}

const SIGNS = '{}[]",:\\u0e+-.tfn/ \n';

/** Returns at most `most` bytes: any bytes, or only characters of the JSON syntax. */
export function randomBytes(random: Random, most: number): Buffer {
  const byte = random.chance(0.5)
    ? () => random.below(256)
    : () => SIGNS.charCodeAt(random.below(SIGNS.length));
  return Buffer.from(Array.from({ length: random.below(most + 1) }, byte));
}
