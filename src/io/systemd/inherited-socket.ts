/** The socket that systemd opened for the daemon before it was started. Source: sd_listen_fds(3). */
import { DaemonError } from '../../errors.ts';
import { AF_UNIX, fromLibc, getsockopt, SOL_SOCKET } from '../os/libc.ts';

export interface InheritedSocket {
  readonly fd: number;
  /** The path of the socket, as its creator bound it; undefined if the kernel does not report it. */
  readonly path: string | undefined;
}

/** What FileDescriptorName= of the socket unit says. */
const NAME = 'cmd';
const FIRST_FD = 3;

/** Undefined where the daemon makes its socket itself. Throws SOCKET_UNUSABLE where what was passed is none. */
export function inheritedSocket(env: NodeJS.ProcessEnv = process.env): InheritedSocket | undefined {
  const count = Number(env.LISTEN_FDS ?? 0);
  if (Number(env.LISTEN_PID) !== process.pid || !(count > 0)) return undefined;
  const names = (env.LISTEN_FDNAMES ?? '').split(':');
  // One alone is meant for the daemon, whatever its name.
  const at = count === 1 ? 0 : names.indexOf(NAME);
  if (at === -1 || at >= count) {
    const shown = names.join(', ');
    throw new DaemonError(
      'SOCKET_UNUSABLE',
      `of ${count} that systemd passed (${shown}) none is called ${NAME}`,
    );
  }
  const fd = FIRST_FD + at;
  return { fd, path: pathOf(fd) };
}

/** Linux's numbers. Source: socket.h. */
const SO_TYPE = 3;
const SO_ACCEPTCONN = 30;
const SO_DOMAIN = 39;
const SOCK_STREAM = 1;
/** struct sockaddr_un: the family, then the path. */
const ADDRESS_BYTES = 110;
const FAMILY_BYTES = 2;

const getsockname = fromLibc('int getsockname(int fd, void *address, void *length)');

/** Asked of the socket itself: /proc/net knows only those of the daemon's own network. */
function pathOf(fd: number): string | undefined {
  const asExpected =
    option(fd, SO_DOMAIN) === AF_UNIX &&
    option(fd, SO_TYPE) === SOCK_STREAM &&
    option(fd, SO_ACCEPTCONN) === 1;
  if (!asExpected)
    throw new DaemonError(
      'SOCKET_UNUSABLE',
      `descriptor ${fd}, from systemd, is no listening stream of Unix`,
    );
  const address = Buffer.alloc(ADDRESS_BYTES);
  const length = Uint32Array.of(ADDRESS_BYTES);
  if (getsockname(fd, address, length) !== 0) return undefined;
  const path = address.toString('utf8', FAMILY_BYTES, length[0]).replace(/\0+$/, '');
  return path.startsWith('/') ? path : undefined;
}

function option(fd: number, name: number): number {
  const value = Uint32Array.of(0);
  return getsockopt(fd, SOL_SOCKET, name, value, Uint32Array.of(value.byteLength)) === 0
    ? (value[0] as number)
    : -1;
}
