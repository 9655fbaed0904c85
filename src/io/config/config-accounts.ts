import { DaemonError } from '../../errors.ts';
import { readAccounts } from './accounts.ts';
import type { GivenConfig } from './schema.ts';

/** The config with numbers for the names of users and groups. Throws CONFIG_INVALID for a name that there is not. */
export function withAccounts(file: string, config: GivenConfig) {
  const accounts = readAccounts();
  const resolve = (key: string, kind: 'user' | 'group', given: string | number): number => {
    const found = kind === 'user' ? accounts.uidOf(given) : accounts.gidOf(given);
    if (found !== undefined) return found;
    throw new DaemonError(
      'CONFIG_INVALID',
      `${file}: ${key} holds ${JSON.stringify(given)}: there is no such ${kind}`,
    );
  };
  const { socket_owner: owner, socket_group: group, allowed_uids: uids, allowed_gids: gids } = config;
  return {
    ...config,
    socket_owner: owner === null ? null : resolve('socket_owner', 'user', owner),
    socket_group: group === null ? null : resolve('socket_group', 'group', group),
    allowed_uids: uids?.map((user) => resolve('allowed_uids', 'user', user)) ?? null,
    allowed_gids: gids?.map((name) => resolve('allowed_gids', 'group', name)) ?? null,
  };
}
