/** The jail of a mutant: it runs deletion code as root, and its checks are what has been loosened. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const BWRAP = '/usr/bin/bwrap';

export interface Place {
  /** The copy of the tree that is mutated; the modules of the project are in it, read-only. */
  readonly tree: string;
  /** What the tests in the jail see as /tmp. */
  readonly tmp: string;
}

/** The command as it is run: of the machine it sees everything and can write only to the copy, its own /tmp, and devices
 * that are none. It has no network, sees no process but its own, and ends with its parent. Throws without bubblewrap. */
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
