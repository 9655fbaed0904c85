/** A member of the group that shares directories with the daemon, as a user other than root. */
import { spawnSync } from 'node:child_process';
import { jailed } from './jail.ts';

/** Neither id exists on the host. */
export const MEMBER = { uid: 61_877, gid: 61_878 };

/** For the environment of a Node that runs as another user. It cannot write to the directories of the test's Node,
 * and would print a warning. Node passes the first variable on to every child whose environment does not name it. */
export const NO_COVERAGE = { NODE_V8_COVERAGE: '', NODE_COMPILE_CACHE: '' } as const;

/** Returns why there can be no member, or false. */
export function noMember(): string | false {
  return process.getuid?.() !== 0 && 'only root becomes another user';
}

/** Runs a command with the rights of a member. It can write only below `directory`. */
export function asMember(directory: string, ...command: string[]): { status: number | null; text: string } {
  const rights = [`--reuid=${MEMBER.uid}`, `--regid=${MEMBER.gid}`, '--clear-groups'];
  const [file, ...words] = jailed(directory, ['/usr/bin/setpriv', ...rights, '--', ...command]) as [
    string,
    ...string[],
  ];
  const { status, stdout, stderr } = spawnSync(file, words, {
    encoding: 'utf8',
    env: { LC_ALL: 'C', ...NO_COVERAGE },
  });
  return { status, text: `${stdout}${stderr}` };
}

/** Gives up the rights of root. A script calls it after it has loaded its modules as root. */
export function becomeMember(): void {
  process.umask(0o007);
  process.setgroups?.([]);
  process.setgid?.(MEMBER.gid);
  process.setuid?.(MEMBER.uid);
}
