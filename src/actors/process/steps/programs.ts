/** The programs that carry out steps, and their arguments: what is started, and what an orphan is recognised by. */
import { posix } from 'node:path';
import { FIRST_FD } from '../../../io/child/spawn.ts';
import { stagedName } from '../../../io/fs/names.ts';

export const RM = '/bin/rm';
/** The operands follow. */
export const RM_OPTIONS: readonly string[] = ['-rf', '--one-file-system', '--preserve-root=all', '--'];

export const MV = '/bin/mv';

/** Returns the name that a program has for the directory that it gets as its descriptor number `index`. */
export function inheritedDirectory(index: number): string {
  return `/proc/self/fd/${FIRST_FD + index}`;
}

const MV_OPTIONS: readonly string[] = ['-fT', '--'];

/** The words before the operands, of each program that works through inherited directories. */
export const BEFORE_OPERANDS: readonly (readonly string[])[] = [
  [RM, ...RM_OPTIONS],
  [MV, ...MV_OPTIONS],
];

/** Returns the arguments of the `mv` that gets the directory of `target` as its only descriptor. Throws where `id` is none. */
export function renamingArguments(target: string, id: string): string[] {
  const directory = inheritedDirectory(0);
  const names = [stagedName(target, id), posix.basename(target)];
  return [...MV_OPTIONS, ...names.map((name) => `${directory}/${name}`)];
}
