/** Takes snapshots of the files in the test directory that must not change. */
import { createHash } from 'node:crypto';
import { type BigIntStats, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Place } from './place.ts';

export type Snapshot = ReadonlyMap<string, string>;

/** Records only the identity of the directories that the daemon works in, and everything about all other files. */
export function snapshot({ folder, backups, untouched }: Place): Snapshot {
  const workedIn = [backups, ...['run', 'lib', 'state', 'log', 'cron.d'].map((name) => join(folder, name))];
  return new Map([...snapshotOf(folder, workedIn), ...snapshotOf(untouched)]);
}

/** Returns every file with its contents, mode, owner, times, link count and inode. */
export function snapshotOf(folder: string, workedIn: readonly string[] = []): Snapshot {
  const found = new Map<string, string>();
  const visit = (path: string) => {
    const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false });
    if (stat === undefined) return;
    const own = workedIn.includes(path);
    found.set(path, own ? identityOf(stat) : describe(path, stat));
    if (stat.isDirectory() && !own) for (const name of readdirSync(path)) visit(join(path, name));
  };
  visit(folder);
  return found;
}

const identityOf = ({ ino, mode, uid, gid }: BigIntStats) =>
  `inode ${ino} mode ${mode.toString(8)} of ${uid}:${gid}`;

function describe(path: string, stat: BigIntStats): string {
  const { mtimeNs, ctimeNs, nlink } = stat;
  const whole = `${identityOf(stat)} at ${mtimeNs}, ${ctimeNs} links ${nlink}`;
  if (stat.isSymbolicLink()) return `${whole} to ${readlinkSync(path)}`;
  if (!stat.isFile()) return whole;
  return `${whole} holds ${createHash('sha256').update(readFileSync(path)).digest('hex')}`;
}

export function changes(before: Snapshot, after: Snapshot): string[] {
  const paths = new Set([...before.keys(), ...after.keys()]);
  return [...paths]
    .filter((path) => before.get(path) !== after.get(path))
    .map((path) => `${path} was: ${before.get(path) ?? 'not there'}; is: ${after.get(path) ?? 'not there'}`);
}
