/** The paths that the random attacker knows, and how it chooses among them. */
import { readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Random } from '../chaos/random.ts';

/** The part of the test's directory that the attacker knows. */
export interface Ground {
  readonly database: string;
  readonly socket: string;
  readonly adminSocket: string;
  readonly cronFile: string;
  readonly log: string;
  readonly backups: string;
  /** Files and directories that it must not reach, and names that must stay free. */
  readonly canaries: readonly string[];
}

export interface Attacker {
  readonly ground: Ground;
  readonly random: Random;
  /** Undone when the time (ms) is over: locks, descriptors, connections. */
  readonly holdFor: (milliseconds: number, release: () => void) => void;
}

export type Deeds = Readonly<Record<string, (attacker: Attacker) => void>>;

export const MAX_WRITTEN_BYTES = 8 * 1024;
export const MAX_SPARSE_BYTES = 32 * 1024 * 1024;
export const MAX_HOLD_MS = 700;
export const MAX_ROW_BYTES = 2 * 1024 * 1024;
export const FLIPS = 60;

export const directories = ({ database, socket, log, backups }: Ground) =>
  [dirname(database), dirname(database), dirname(socket), dirname(log), backups] as const;

export const known = ({ database, socket, adminSocket, log, backups }: Ground) => [
  database,
  ...['-wal', '-shm', '-journal', '-cmd-lock', '-lock'].map((suffix) => database + suffix),
  socket,
  adminSocket,
  ...['', '.1', '-1'].map((suffix) => log + suffix),
  ...['cmd-audit.log', 'cmd-audit.log.1', 'cleanup.log', 'cron-1000.log', 'record'].map((name) =>
    join(dirname(log), name),
  ),
  ...['kept', 'mine', 'mine/link'].map((name) => join(backups, name)),
];

/** Returns a path that the daemon may use, an existing one or a new one. */
export function anyPath({ ground, random }: Attacker): string {
  if (random.chance(0.6)) return random.pick(known(ground));
  const directory = random.pick(directories(ground));
  if (random.chance(0.3)) return join(directory, `new-${random.below(20)}`);
  return anyOf(directory, random);
}

export function anyOf(directory: string, random: Random): string {
  const names = readdirSync(directory);
  return join(directory, names.length > 0 ? random.pick(names) : 'new-0');
}

/** Frees a path for another file, if the system allows it. */
export function clear(path: string, random: Random): void {
  try {
    if (random.chance(0.5)) renameSync(path, `${path}.aside${random.below(3)}`);
    else rmSync(path, { recursive: true, force: true });
  } catch {
    // The deed itself fails if the path cannot be cleared.
  }
}

export function linkTarget(attacker: Attacker): string {
  const { ground, random } = attacker;
  return random.weighted<() => string>([
    [6, () => random.pick(ground.canaries)],
    [1, () => anyPath(attacker)],
    [1, () => join(dirname(random.pick(ground.canaries)), `made-${random.below(9)}`)],
    [1, () => dirname(ground.cronFile)],
    [1, () => join(dirname(ground.cronFile), 'evil')],
    [1, () => ground.cronFile],
    [1, () => 'loop'],
  ])();
}

export function noise(random: Random): Buffer {
  return Buffer.from(Array.from({ length: random.below(MAX_WRITTEN_BYTES) }, () => random.below(256)));
}

export const SUFFIXES = ['', '', '-wal', '-wal', '-shm', '-shm', '-journal'];
