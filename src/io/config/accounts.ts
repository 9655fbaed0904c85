import { readFileSync } from 'node:fs';

/** The users and groups of the machine. Source: passwd(5), group(5); what only a directory service knows has a number
 * and no name here. */
export interface Accounts {
  userName(uid: number): string | undefined;
  groupName(gid: number): string | undefined;
  /** Of a name or a number; undefined if there is no such name. */
  uidOf(user: string | number): number | undefined;
  gidOf(group: string | number): number | undefined;
  /** Whether the user is listed as a member of the group. */
  isMember(uid: number, gid: number): boolean;
}

export function readAccounts(passwd = '/etc/passwd', group = '/etc/group'): Accounts {
  const users = lines(passwd).map(([name, , uid]) => ({ name, id: Number(uid) }));
  const groups = lines(group).map(([name, , gid, members = '']) => ({
    name,
    id: Number(gid),
    members: members.split(','),
  }));
  const idOf = (list: readonly { name: string | undefined; id: number }[], given: string | number) =>
    typeof given === 'number' ? given : list.find(({ name }) => name === given)?.id;
  const userName = (uid: number) => users.find(({ id }) => id === uid)?.name;
  return {
    userName,
    groupName: (gid) => groups.find(({ id }) => id === gid)?.name,
    uidOf: (user) => idOf(users, user),
    gidOf: (name) => idOf(groups, name),
    isMember: (uid, gid) => {
      const name = userName(uid);
      return name !== undefined && groups.some(({ id, members }) => id === gid && members.includes(name));
    },
  };
}

function lines(file: string): string[][] {
  try {
    const text = readFileSync(file, 'utf8');
    return text
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split(':'));
  } catch {
    return [];
  }
}
