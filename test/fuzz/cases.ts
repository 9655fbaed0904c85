/** Makes the requests of a run. Each depends only on the seed and on its number: request n is always the same. */
import { Random } from '../chaos/random.ts';
import { generate } from './generate.ts';
import { mutateBytes, mutateValue, randomBytes } from './mutate.ts';
import type { Place, Prop } from './place.ts';
import { isSafe } from './safe.ts';
import { deep, Fields, longString, type Value, write } from './values.ts';

export interface Case {
  readonly bytes: Buffer;
  readonly props: readonly Prop[];
  readonly pieces: readonly Buffer[];
  /** Milliseconds between two pieces. */
  readonly pause: number;
  /** What the client does after its last piece. */
  readonly ending: 'keep' | 'half-close' | 'vanish';
}

/** Returns undefined if the request must not be sent: see `isSafe`. */
export function makeCase(seed: number, number: number, place: Place): Case | undefined {
  const random = new Random(new Random(seed).below(2 ** 32) + number);
  const made = makeBytes(random, place, number);
  const bytes = random.chance(0.06)
    ? made.bytes.subarray(0, random.below(made.bytes.length + 1))
    : made.bytes;
  if (!isSafe(bytes, place.folder)) return undefined;
  const paused = random.chance(0.05);
  return {
    bytes,
    props: made.props,
    pieces: split(bytes, paused ? 8 : 200, random),
    pause: paused ? 1 + random.below(30) : 0,
    ending: endingOf(bytes, random),
  };
}

function makeBytes(random: Random, place: Place, number: number) {
  const { request, props } = generate(random, place, number);
  const root: Value[] = [request];
  const text = () => Buffer.from(root.map((value) => write(value, random)).join(''));
  const bytes = random.weighted<() => Buffer>([
    [4_000, text],
    [
      4_000,
      () => {
        for (let left = 1 + random.below(3); left > 0 && root.length > 0; left--) mutateValue(root, random);
        return text();
      },
    ],
    [
      1_000,
      () => {
        let mutated: Buffer = text();
        for (let left = 1 + random.below(3); left > 0; left--) mutated = mutateBytes(mutated, random);
        return mutated;
      },
    ],
    [300, () => randomBytes(random, random.pick([1, 10, 100, 3_000]))],
    [
      30,
      () => {
        request.entries.unshift([
          'padding',
          random.chance(0.5) ? longString(random, 400_000) : deep(random, 300_000),
        ]);
        return text();
      },
    ],
    [10, () => veryManyFolders(random, place)],
  ])();
  return { bytes, props };
}

function veryManyFolders(random: Random, place: Place): Buffer {
  const parents = random.pick([1, 70, 1_000]);
  const folders = Array.from(
    { length: random.below(20_000) },
    (_, index) => `${place.backups}/m${index % parents}/${index}`,
  );
  const args = Fields.of({ backup_ids: null, folders });
  return Buffer.from(write(Fields.of({ cmd: 'cleanup_backups', args }), random));
}

function split(bytes: Buffer, most: number, random: Random): Buffer[] {
  const size = random.weighted<() => number>([
    [50, () => bytes.length],
    [25, () => 1 + random.below(bytes.length + 1)],
    [15, () => 16],
    [10, () => 1],
  ])();
  const piece = Math.max(size, Math.ceil(bytes.length / most), 1);
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += piece) pieces.push(bytes.subarray(at, at + piece));
  return pieces;
}

function endingOf(bytes: Buffer, random: Random): Case['ending'] {
  // The daemon waits long for a client that sends nothing and stays, so a few such clients are enough.
  if (bytes.length === 0 && random.chance(0.95)) return random.pick(['half-close', 'vanish']);
  return random.weighted([
    [50, 'keep'],
    [38, 'half-close'],
    [12, 'vanish'],
  ]);
}

export function describe({ bytes, pieces, pause, ending }: Case): string {
  const text = JSON.stringify(bytes.toString('latin1').slice(0, 600));
  return `${bytes.length} bytes in ${pieces.length} pieces, ${pause} ms apart, then ${ending}: ${text}`;
}
