import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  type Stats,
} from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { nanoid } from 'nanoid';
import { asDaemonError, DaemonError, messageOf } from '../../errors.ts';
import { O_PATH, withHeldFile } from '../fs/path-fd.ts';
import { isOpenToOthers, takeName } from '../fs/take-name.ts';
import { isOurs } from '../fs/trusted-path.ts';
import { type Peer, peerOf } from './peer.ts';

/** The permissions of the socket; those of its directory also apply. Null: the user or group of the daemon's process. */
export interface SocketAccess {
  readonly mode: number;
  readonly owner: number | null;
  readonly group: number | null;
}

/** As the contract has it (2774), and the sticky bit: the group cannot move the socket of another user away. */
const FOLDER_MODE = 0o3774;
const BACKLOG = 4096;

export interface ListeningSocket {
  /** Removes the socket from its directory, and resolves when all clients that had connected are accepted; `close` alone
   * would drop them. An inherited socket stays: the next daemon accepts the clients that wait in it. */
  drain(): Promise<void>;
  /** Stops listening and removes the socket from its directory; an inherited socket stays. If the socket is already removed,
   * by `drain` or by another process, clients that had connected are still accepted. */
  close(): void;
}

/** The kernel hands over one connection per turn of the event loop: after this many turns without one, none is left. */
const QUIET_TURNS = 3;

/** Listens at `path`. A stale socket there is replaced. A live daemon, or anything else of ours, is left alone and named.
 * An entry that another user has put there is moved aside, and `onSetAside` gets the warning. */
export async function listenAt(
  path: string,
  access: SocketAccess,
  onSocket: (socket: Socket) => void,
  onSetAside: (error: DaemonError) => void = () => {},
): Promise<ListeningSocket> {
  const occupant = await makeRoom(path, access);
  let accepted = 0;
  const server = serverFor((socket) => {
    accepted++;
    onSocket(socket);
  });
  let bound = path;
  try {
    if (occupant === 'foreign' || !(await bindIfFree(server, path, access))) {
      bound = await bindAside(server, path, access);
      const setAside = takePlace(bound, path);
      if (setAside !== undefined) onSetAside(new DaemonError('SOCKET_SET_ASIDE', setAside));
    }
  } catch (error) {
    // Not close(): it removes whatever has the name by now.
    server.unref();
    throw asDaemonError(error, 'SOCKET_UNUSABLE');
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
    close: () => {
      if (!isSame(path, ours)) return void server.unref();
      if (bound !== path) rmSync(path);
      server.close();
    },
  };
}

/** False where something has the name by now that may be moved aside. */
async function bindIfFree(server: Server, path: string, access: SocketAccess): Promise<boolean> {
  try {
    await listening(server, () => bind(server, path, access));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    await probeSocket(path, access.owner);
    return false;
  }
}

/** Listens beside `path`: no other user can guess the name. Returns it. */
async function bindAside(server: Server, path: string, access: SocketAccess): Promise<string> {
  // Short: what a socket may be called is, too.
  const fresh = join(dirname(path), `.${nanoid(8)}`);
  await listening(server, () => bind(server, fresh, access));
  return fresh;
}

/** Gives the socket at `fresh` the name `path`. Says what had it, and where that is now; undefined if nothing. */
function takePlace(fresh: string, path: string): string | undefined {
  try {
    if (!takeName(fresh, path)) return undefined;
  } catch (error) {
    rmSync(fresh, { force: true });
    throw new DaemonError('SOCKET_OCCUPIED', `${path} ${messageOf(error)}`, error);
  }
  const aside = `${path}.occupied-${nanoid(8)}`;
  const found = lstatSync(fresh, { throwIfNoEntry: false });
  // Its owner may have removed it again.
  if (found) renameSync(fresh, aside);
  const what = found?.isSocket() ? 'a socket' : 'no socket';
  return `${path} was ${what} of ${found ? `uid ${found.uid}` : 'another user'}; it is ${aside} now`;
}

/** Listens on an inherited socket: the parent of the daemon has opened and bound it and set its mode, and keeps it open. */
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
    // A reset is followed by `close`. Without a listener the error would end the daemon, also before the first read.
    socket.on('error', () => {});
    onSocket(socket);
  });
}

/** The entry that has the name of a socket; `foreign`: another user has put it there, and the daemon moves it aside. */
export type Occupant = 'none' | 'stale' | 'foreign';

/** Throws what would keep a daemon from listening at `path`. `owner`: the user that the socket is given to, if any. */
export async function probeSocket(path: string, owner: number | null = null): Promise<Occupant> {
  const found = lookAt(path);
  if (!found) return 'none';
  const isOpen = isOpenToOthers(path);
  if (!found.isSocket()) {
    if (isOpen && !isOurs(found)) return 'foreign';
    throw new DaemonError('SOCKET_OCCUPIED', path);
  }
  const listener = await findListener(path);
  if (listener === undefined) return 'stale';
  const isForeign = listener.known
    ? !isOurs(listener)
    : // It takes no connection at this moment: its file tells.
      !isOurs(found) && found.uid !== owner;
  if (isOpen && isForeign) return 'foreign';
  throw new DaemonError('SOCKET_IN_USE', path);
}

function lookAt(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    // Such as a file in the place of a directory.
    throw new DaemonError('SOCKET_UNUSABLE', messageOf(error), error);
  }
}

async function makeRoom(path: string, { owner }: SocketAccess): Promise<Occupant> {
  try {
    makeFolder(dirname(path));
    const occupant = await probeSocket(path, owner);
    if (occupant === 'stale') rmSync(path, { force: true });
    return occupant;
  } catch (error) {
    throw asDaemonError(error, 'SOCKET_UNUSABLE');
  }
}

function makeFolder(folder: string): void {
  if (mkdirSync(folder, { recursive: true }) !== undefined) chmodSync(folder, FOLDER_MODE);
}

/** Returns the process that listens at `path`; undefined if there is none. Only a refused connection proves that. */
function findListener(path: string): Promise<Peer | undefined> {
  let held: number;
  try {
    // By descriptor: a symlink to the socket of another service of root may have taken the place of what was looked at.
    held = openSync(path, O_PATH | constants.O_NOFOLLOW);
  } catch {
    return Promise.resolve(undefined);
  }
  if (!fstatSync(held).isSocket()) {
    closeSync(held);
    return Promise.resolve({ known: false, why: 'it was replaced' });
  }
  return new Promise<Peer | undefined>((resolve) => {
    const probe = connect(`/proc/self/fd/${held}`);
    const tell = (peer: Peer | undefined) => {
      probe.destroy();
      resolve(peer);
    };
    probe.once('connect', () => tell(peerOf(probe)));
    probe.once('error', (error: NodeJS.ErrnoException) =>
      tell(error.code === 'ECONNREFUSED' ? undefined : { known: false, why: messageOf(error) }),
    );
  }).finally(() => closeSync(held));
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
  // Where something else has the name, the error follows.
  if (owned || !server.listening) return;
  // By descriptor: a user that can write to the directory may have replaced the entry at the path by now.
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
