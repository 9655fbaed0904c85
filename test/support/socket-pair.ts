import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { testFolder } from './folder.ts';

export interface SocketPair {
  readonly ours: Socket;
  readonly client: Socket;
}

export interface PairOptions {
  /** Whether the client leaves the received bytes in the kernel. */
  readonly unread?: boolean;
}

/** Both ends of a connection on a real Unix socket, with the options of the daemon's listener and its clients. */
export async function socketPair(t: TestContext, { unread = false }: PairOptions = {}): Promise<SocketPair> {
  const path = join(testFolder(t), 's');
  const server = createServer({ allowHalfOpen: true });
  await once(server.listen(path), 'listening');
  const client = connect({ path, allowHalfOpen: true });
  if (unread) client.pause();
  const [ours] = (await once(server, 'connection')) as [Socket];
  // As in the listener, a reset is followed by `close`.
  for (const socket of [ours, client]) socket.on('error', () => {});
  t.after(() => {
    ours.destroy();
    client.destroy();
    server.close();
  });
  return { ours, client };
}

/** Unlike `once` of node:events, this ignores an error, which is followed by the close. */
export function closeOf(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()));
}
