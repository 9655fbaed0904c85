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
  /** A client that leaves what it gets with the kernel. */
  readonly unread?: boolean;
}

/** Both ends of a connection on a real Unix socket, opened as the daemon's listener and its clients open theirs. */
export async function socketPair(t: TestContext, { unread = false }: PairOptions = {}): Promise<SocketPair> {
  const path = join(testFolder(t), 's');
  const server = createServer({ allowHalfOpen: true });
  await once(server.listen(path), 'listening');
  const client = connect({ path, allowHalfOpen: true });
  if (unread) client.pause();
  const [ours] = (await once(server, 'connection')) as [Socket];
  // As the listener does: a reset is followed by `close`.
  for (const socket of [ours, client]) socket.on('error', () => {});
  t.after(() => {
    ours.destroy();
    client.destroy();
    server.close();
  });
  return { ours, client };
}

/** Unlike `once` of node:events it takes an error for what it is here: the way to the close. */
export function closeOf(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()));
}
