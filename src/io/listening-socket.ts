import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, rmSync, type Stats } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { asDaemonError, DaemonError, messageOf } from '../errors.ts';
import { withHeldFile } from './held-file.ts';

/** Who may connect. The folder decides, too. Null: as the daemon's process is. */
export interface SocketAccess {
  readonly mode: number;
  readonly owner: number | null;
  readonly group: number | null;
}

/** As the contract has it (2774), and the sticky bit: the group cannot move the socket of another user away. */
const FOLDER_MODE = 0o3774;
const BACKLOG = 4096;

export interface ListeningSocket {
  /** Takes the socket out of its folder, and resolves when all who had connected before are let in: who closes at once
   * sends those away. An inherited one stays where it is: who waits in it is the next daemon's. */
  drain(): Promise<void>;
  /** Takes no further connection, and the socket out of its folder; an inherited one stays. Once it is out of there, by
   * `drain` or by another's doing, who had connected is still let in. */
  close(): void;
}

/** The kernel hands over one connection a turn of the loop: after so many without one there is none left. */
const QUIET_TURNS = 3;

/** Listens at `path`. A stale socket there is replaced; a live daemon, or anything else, is left alone and named. */
export async function listenAt(
  path: string,
  access: SocketAccess,
  onSocket: (socket: Socket) => void,
): Promise<ListeningSocket> {
  await makeRoom(path);
  let accepted = 0;
  const server = serverFor((socket) => {
    accepted++;
    onSocket(socket);
  });
  try {
    await listening(server, () => bind(server, path, access));
  } catch (error) {
    // Not close(): it removes whatever has the name by now.
    server.unref();
    throw new DaemonError('SOCKET_UNUSABLE', messageOf(error), error);
  }
  const ours = lstatSync(path);
  return {
    drain: async () => {
      if (isSame(path, ours)) rmSync(path);
      for (let seen = accepted, quiet = 0; quiet < QUIET_TURNS; quiet = seen === accepted ? quiet + 1 : 0) {
        seen = accepted;
        await setImmediate();
      }
    },
    // Node removes whatever has the name by then: only if that is ours. Else it lasts until the process ends.
    close: () => (isSame(path, ours) ? server.close() : server.unref()),
  };
}

/** Listens on a socket that was opened, bound and given its mode by who started the daemon, and who keeps it open. */
export async function listenOn(fd: number, onSocket: (socket: Socket) => void): Promise<ListeningSocket> {
  const server = serverFor(onSocket);
  try {
    // As an option the backlog is not looked at here, as an argument it is.
    await listening(server, () => Reflect.apply(server.listen, server, [{ fd }, BACKLOG]));
  } catch (error) {
    throw new DaemonError('SOCKET_UNUSABLE', messageOf(error), error);
  }
  const close = () => void server.close();
  return { drain: async () => close(), close };
}

function serverFor(onSocket: (socket: Socket) => void): Server {
  return createServer({ allowHalfOpen: true }, (socket) => {
    // A reset is followed by `close`; without a listener it would end the daemon, also while nobody reads yet.
    socket.on('error', () => {});
    onSocket(socket);
  });
}

/** Throws what would keep a daemon from listening at `path`. A stale socket does not; it stays until then. */
export async function probeSocket(path: string): Promise<void> {
  const found = lookAt(path);
  if (!found) return;
  if (!found.isSocket()) throw new DaemonError('SOCKET_OCCUPIED', path);
  if (await answers(path)) throw new DaemonError('SOCKET_IN_USE', path);
}

function lookAt(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    // Such as a file where a folder should be.
    throw new DaemonError('SOCKET_UNUSABLE', messageOf(error), error);
  }
}

async function makeRoom(path: string): Promise<void> {
  try {
    makeFolder(dirname(path));
    await probeSocket(path);
    rmSync(path, { force: true });
  } catch (error) {
    throw asDaemonError(error, 'SOCKET_UNUSABLE');
  }
}

function makeFolder(folder: string): void {
  if (mkdirSync(folder, { recursive: true }) !== undefined) chmodSync(folder, FOLDER_MODE);
}

/** Only a refused connection proves that nobody is there. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    const tell = (answer: boolean) => {
      probe.destroy();
      resolve(answer);
    };
    probe.once('connect', () => tell(true));
    probe.once('error', (error: NodeJS.ErrnoException) => tell(error.code !== 'ECONNREFUSED'));
  });
}

function listening(server: Server, listen: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.once('listening', () => {
      server.off('error', reject);
      // An accept that fails (no descriptor left) is not the end: the client waits in the backlog.
      server.on('error', () => {});
      resolve();
    });
    listen();
  });
}

/** The socket is never more open than it is to be, not for a moment: it is made with its mode, or with none until it
 * has its owner. */
function bind(server: Server, path: string, { mode, owner, group }: SocketAccess): void {
  const owned = owner === null && group === null;
  const mask = process.umask(owned ? 0o777 & ~mode : 0o777);
  try {
    server.listen({ path, backlog: BACKLOG });
  } finally {
    process.umask(mask);
  }
  if (owned || !existsSync(path)) return;
  // By descriptor: who may write to the folder may have put something else at the path by now.
  withHeldFile(path, (found, name) => {
    const isOurs = found.isSocket() && found.uid === process.geteuid?.() && (found.mode & 0o777) === 0;
    if (!isOurs) throw new Error(`${path} is not the socket that was just made`);
    chownSync(name, owner ?? -1, group ?? -1);
    chmodSync(name, mode);
  });
}

function isSame(path: string, ours: Stats): boolean {
  const now = lstatSync(path, { throwIfNoEntry: false });
  return now?.ino === ours.ino && now.dev === ours.dev;
}
