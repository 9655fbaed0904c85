/** The jail of a mutant. A mutant runs deletion code as root with loosened checks. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const BWRAP = '/usr/bin/bwrap';

export interface Place {
  /** The copy of the tree that is mutated. It contains the modules of the project, read-only. */
  readonly tree: string;
  /** The directory that the tests in the jail see as /tmp. */
  readonly tmp: string;
}

/** Returns the command in the jail. It can read the whole machine, and write only to the copy, its own /tmp and fake
 * devices. It has no network, sees only its own processes, and ends with its parent. Throws without bubblewrap. */
export function jailedTests({ tree, tmp }: Place, project: string, command: readonly string[]): string[] {
  if (!existsSync(BWRAP)) throw new Error('mutants do not run without a jail: install bubblewrap');
  return [
    BWRAP,
    ...['--unshare-pid', '--unshare-net', '--unshare-ipc', '--die-with-parent', '--new-session'],
    ...['--ro-bind', '/', '/', '--proc', '/proc', '--dev', '/dev'],
    ...['--bind', tmp, '/tmp', '--bind', tree, tree],
    ...['--ro-bind', join(project, 'node_modules'), join(tree, 'node_modules')],
    ...['--chdir', tree, '--', ...command],
  ];
}
