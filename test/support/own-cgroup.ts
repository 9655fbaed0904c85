import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { basename, join } from 'node:path';

/** Returns the mount point of the control groups of the host. Two machines in one group would see and kill each
 * other's processes. */
function hierarchy(): string | undefined {
  return /^\S+ (\S+) cgroup2 /m.exec(readFileSync('/proc/self/mounts', 'utf8'))?.[1];
}

export const hasCgroups = (): boolean => hierarchy() !== undefined;

export interface OwnCgroup {
  /** Returns the command that runs `command` in the group from its start. */
  readonly inside: (command: readonly string[]) => string[];
  /** Removes the group. Call it once no process runs in it. */
  readonly remove: () => void;
}

export function ownCgroup(folder: string): OwnCgroup {
  const group = join(hierarchy() as string, basename(folder));
  mkdirSync(group);
  const enter = 'echo $$ > "$0" && exec "$@"';
  return {
    inside: (command) => ['/bin/sh', '-c', enter, join(group, 'cgroup.procs'), ...command],
    remove: () => removeTree(group),
  };
}

/** A group is removed as a directory, including its files. */
function removeTree(group: string): void {
  if (!existsSync(group)) return;
  for (const entry of readdirSync(group, { withFileTypes: true }))
    if (entry.isDirectory()) removeTree(join(group, entry.name));
  rmdirSync(group);
}
