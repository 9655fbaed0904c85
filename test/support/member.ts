/** A member of the group that shares directories with the daemon, as another user than root. */
import { spawnSync } from 'node:child_process';
import { jailed } from './jail.ts';

/** Neither is on the host. */
export const MEMBER = { uid: 61_877, gid: 61_878 };

/** For the environment of a Node of another user: it cannot write to the directories that Node has for the tests, and would say
 * so. Node hands the first variable on to every child whose environment does not name it. */
export const NO_COVERAGE = { NODE_V8_COVERAGE: '', NODE_COMPILE_CACHE: '' } as const;

/** Why there can be none, or false. */
export function noMember(): string | false {
  return process.getuid?.() !== 0 && 'only root becomes another user';
}

/** Runs a command with the rights of a member; it can write below `directory` alone. */
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

/** For a script that starts as root, to load what it needs: from here on it has the rights of a member. */
export function becomeMember(): void {
  process.umask(0o007);
  process.setgroups?.([]);
  process.setgid?.(MEMBER.gid);
  process.setuid?.(MEMBER.uid);
}
