import type { Random } from '../chaos/random.ts';
import type { Place } from './place.ts';

const OPTIONS = ['--help', '-v', '-rf', '--', '--no-preserve-root'];
const TRICKS = ['.', '', '..', '...', '*', '~', ' ', '$(id)', ';', "'", '\\', '%2e%2e', 'ü', '😀'];
const FORBIDDEN = ['\0', 'a\0b', 'a\nb', '\x1b[31m', '\u007f', '\u0085', '\u2028', '\ud800', '\udfff'];
const LONG = ['x'.repeat(255), 'ü'.repeat(127), 'x'.repeat(256), 'x'.repeat(5_000)];
const TAILS = ['/', '//', '/.', '/./', '/..', '/../', '/.//.', '\0', '\n', ' '];

/** Names that an existing directory may have. */
export const STRANGE_NAMES = [
  ...OPTIONS,
  ...TRICKS.filter((name) => !['.', '', '..'].includes(name)),
  'x'.repeat(255),
];

/** Makes a path inside the test directory: a usual one, or one that no client should send. `names` exist. */
export function makePath(random: Random, place: Place, names: readonly string[]): string {
  const plain = () => `${place.backups}/${random.pick(names)}`;
  const make = random.weighted<() => string>([
    [40, plain],
    [25, () => base(random, place) + parts(random, names)],
    [10, () => plain() + random.pick(TAILS)],
    [
      5,
      () =>
        plain().replace(
          '/backups/',
          random.pick(['//backups/', '/backups//', '/./backups/./', '/backups/../backups/']),
        ),
    ],
    [5, () => `${plain()}/${random.pick(['link', 'inner', 'inner/2', 'c', '..'])}`],
    [5, () => relative(random, names)],
    [2, () => plain() + `/${random.pick(names)}`.repeat(random.below(900))],
    [1, () => `${place.backups}/${random.pick(LONG)}`],
  ]);
  return make();
}

function base(random: Random, place: Place): string {
  return random.weighted([
    [60, place.backups],
    [8, place.folder],
    [8, place.canary],
    [4, `${place.canary}/one/two`],
    [4, `${place.backups}-not`],
    [3, `${place.backups}.`],
    [3, place.cronFile],
    [3, place.database],
    [3, place.socket],
    [3, place.configFile],
  ]);
}

function parts(random: Random, names: readonly string[]): string {
  let path = '';
  for (let left = random.below(4); left > 0; left--) {
    const from = random.weighted([
      [5, names],
      [4, TRICKS],
      [2, OPTIONS],
      [2, FORBIDDEN],
    ]);
    path += `/${random.pick(from)}`;
  }
  return path;
}

const relative = (random: Random, names: readonly string[]): string =>
  random.pick(['', './', 'backups/', 'canary/', '~/', '\0', ' ']) + random.pick([...names, ...OPTIONS, '']);
