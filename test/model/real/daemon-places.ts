/** The environment of a daemon at its start: its config, and existing entries at its paths. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type ListenOptions, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import type { Layout } from '../../support/daemon.ts';
import type { DaemonScenario } from './daemon-scenario.ts';
import type { Daemons } from './daemons.ts';

/** Returns the servers that occupy a path. */
export async function putInPlace(
  { before, config, held }: DaemonScenario,
  at: Layout,
  daemons: Daemons,
): Promise<Server[]> {
  // A lock requires a database.
  if (held.includes('recovering')) {
    await (await daemons.launch(at)).stop();
    rmSync(at.log);
  }
  if (before === 'a broken database') {
    mkdirSync(dirname(at.state), { mode: 0o700 });
    writeFileSync(at.state, 'no database'.repeat(100));
  }
  if (before === 'a socket that answers') {
    mkdirSync(join(at.folder, 'run'));
    return [await listening({ path: at.socket })];
  }
  return config === 'no place for operators' ? [await listening({ host: '127.0.0.1', port: 0 })] : [];
}

async function listening(place: ListenOptions): Promise<Server> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(place, resolve));
  return server;
}

const portOf = ([server]: readonly Server[]) => ((server as Server).address() as AddressInfo).port;

export function configOf(
  { config, held, hurry }: DaemonScenario,
  { folder }: Layout,
  servers: readonly Server[],
): Record<string, unknown> {
  const file = join(folder, 'file');
  writeFileSync(file, '');
  if (config === 'no place for the socket') {
    // No socket can have such a long name.
    return { socket_path: join(folder, 'x'.repeat(120)) };
  }
  if (config === 'no place for the admin socket') return { admin_socket_path: file };
  if (config === 'no place for operators') {
    return { admin_socket_path: file, metrics_port: portOf(servers) };
  }
  // Serving clients one after the other takes longer than the daemon waits for all of them.
  return held.includes('answering') && hurry > 1 ? { max_connections: 1 } : {};
}
