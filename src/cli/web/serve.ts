/** The page of a running daemon, as `inspect --web` serves it: all that it shows comes from the admin socket. */
import { messageOf } from '../../errors.ts';
import { adminLines, askAdmin } from '../../io/admin/client.ts';
import { readAccounts } from '../../io/config/accounts.ts';
import type { CommandHistory } from '../../io/history/rows.ts';
import { CHARTS } from '../machine-charts.ts';
import { VerbFailure } from '../verb.ts';
import { layOut } from './chart-layout.ts';
import { Feed } from './feed.ts';
import { type CommandDetail, servePage } from './page-server.ts';

/** Resolves with its URL when it is there; it stays until the program ends. */
export async function servePageOf(socketPath: string, port: number): Promise<string> {
  const feed = new Feed({
    ask: (path, signal) => askAdmin(socketPath, path, signal),
    lines: (path, signal) => adminLines(socketPath, path, signal),
  });
  const command = async (id: string): Promise<CommandDetail> => {
    const detail = (await askAdmin(socketPath, `/processes/${id}`)) as CommandHistory;
    const uid = detail.audit[0]?.uid;
    return { ...detail, user: (typeof uid === 'number' && readAccounts().userName(uid)) || null };
  };
  try {
    const { url } = await servePage(port, { feed, command, drawings: CHARTS.map(layOut) });
    return url;
  } catch (error) {
    throw new VerbFailure(
      `no page on port ${port} of 127.0.0.1: ${messageOf(error)}`,
      'give another --port, or none for any that is free',
    );
  }
}
