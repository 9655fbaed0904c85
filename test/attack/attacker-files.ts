/** The deeds of the random attacker on files, by name and by content. */
import {
  chmodSync,
  chownSync,
  closeSync,
  copyFileSync,
  fstatSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Random } from '../chaos/random.ts';
import {
  type Attacker,
  anyPath,
  clear,
  type Deeds,
  FLIPS,
  linkTarget,
  MAX_SPARSE_BYTES,
  noise,
  SUFFIXES,
} from './attacker-ground.ts';
import { makePipe } from './pipe.ts';
import { walIndexHeader } from './wal-index.ts';

export const FILES: Deeds = {
  symlink(attacker) {
    const path = anyPath(attacker);
    clear(path, attacker.random);
    symlinkSync(linkTarget(attacker), path);
  },
  hardLink(attacker) {
    const path = anyPath(attacker);
    clear(path, attacker.random);
    linkSync(linkTarget(attacker), path);
  },
  pipe(attacker) {
    const path = anyPath(attacker);
    clear(path, attacker.random);
    makePipe(path);
  },
  directory(attacker) {
    const path = anyPath(attacker);
    clear(path, attacker.random);
    mkdirSync(path);
    if (attacker.random.chance(0.5)) writeFileSync(join(path, 'inside'), '');
  },
  rename(attacker) {
    renameSync(anyPath(attacker), anyPath(attacker));
  },
  remove(attacker) {
    rmSync(anyPath(attacker), { recursive: true });
  },
  truncate(attacker) {
    const { random } = attacker;
    truncateSync(
      anyPath(attacker),
      random.pick([0, 0, random.below(100_000), random.below(MAX_SPARSE_BYTES)]),
    );
  },
  corrupt(attacker) {
    writeSomewhere(anyPath(attacker), attacker.random);
  },
  junk(attacker) {
    const path = anyPath(attacker);
    clear(path, attacker.random);
    writeFileSync(path, noise(attacker.random), { flag: 'wx' });
  },
  replaceByCopy(attacker) {
    const path = anyPath(attacker);
    const copy = `${path}.copy`;
    rmSync(copy, { recursive: true, force: true });
    copyFileSync(path, copy);
    renameSync(copy, path);
  },
  mode(attacker) {
    chmodSync(anyPath(attacker), attacker.random.pick([0, 0o444, 0o666, 0o777, 0o4755, 0o2777]));
  },
  owner(attacker) {
    chownSync(
      anyPath(attacker),
      process.getuid?.() as number,
      attacker.random.pick([process.getgid?.() as number, 0]),
    );
  },
  times(attacker) {
    const at = attacker.random.below(2 ** 31);
    utimesSync(anyPath(attacker), at, at);
  },
  /** Replaces a path alternately with a regular file of its own and a link to a canary. */
  flip(attacker) {
    const path = anyPath(attacker);
    clear(path, attacker.random);
    const [plain, link] = [`${path}.plain`, `${path}.link`];
    writeFileSync(plain, '');
    rmSync(link, { force: true });
    symlinkSync(linkTarget(attacker), link);
    for (let flips = 0; flips < FLIPS; flips++) {
      renameSync(plain, path);
      renameSync(path, plain);
      renameSync(link, path);
      renameSync(path, link);
    }
  },
};

function writeSomewhere(path: string, random: Random): void {
  const file = openSync(path, 'r+');
  try {
    const { size } = fstatSync(file);
    writeSync(file, noise(random), 0, null, random.chance(0.5) ? random.below(200) : random.below(size + 1));
  } finally {
    closeSync(file);
  }
}

export const BYTES: Deeds = {
  corruptDatabase({ ground, random }) {
    writeSomewhere(ground.database + random.pick(SUFFIXES), random);
  },
  truncateDatabase({ ground, random }) {
    truncateSync(ground.database + random.pick(SUFFIXES), random.pick([0, random.below(40_000)]));
  },
  forgeWalIndex(attacker) {
    const file = openSync(`${attacker.ground.database}-shm`, 'r+');
    try {
      const header = forgeHeader(attacker);
      writeSync(file, header, 0, header.length, 0);
    } finally {
      closeSync(file);
    }
  },
};

/** A header of the shared memory that SQLite accepts. */
function forgeHeader({ ground, random }: Attacker): Buffer {
  const anyFrame = () =>
    random.pick([0, 1, 5, 4_061, 4_062, 4_063, 100_000, 0x7fff_ffff, 0xffff_fffe, 0xffff_ffff]);
  const salt = readFileSync(`${ground.database}-wal`).subarray(16, 24);
  const maxFrame = anyFrame();
  return walIndexHeader({
    pageSize: random.pick([4096, 4096, 512, 65_536]),
    maxFrame,
    pageCount: random.pick([1, 2, 3, 100, 0xffff_ffff]),
    change: random.below(2 ** 31),
    salt,
    backfilled: random.pick([0, maxFrame, anyFrame()]),
    readMarks: [0, random.pick([maxFrame, anyFrame()]), 0xffff_ffff, anyFrame(), 0xffff_ffff],
  });
}
