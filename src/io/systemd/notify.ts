/** Datagrams to a Unix socket, which Node cannot send. Source: unix(7), sd_notify(3). */
import { AF_UNIX, errnoName, fromLibc } from '../os/libc.ts';

/** Linux's numbers. Source: socket.h. */
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
/** Of `sun_path`. */
const MAX_PATH_BYTES = 108;

const socket = fromLibc('int socket(int domain, int type, int protocol)');
const sendto = fromLibc(
  'int64_t sendto(int fd, void *data, size_t length, int flags, void *to, uint32_t toLength)',
);

/** How to send to `path`; one that begins with @ is in the abstract namespace. It never waits, and gives the system's word
 * for what kept the text from arriving, such as EAGAIN where there is no room for more. Throws if the path is none. */
export function notifySocket(path: string): (text: string) => string | undefined {
  const to = addressOf(path);
  const fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  return (text) => {
    const data = Buffer.from(text);
    const sent = sendto(fd, data, data.length, MSG_DONTWAIT | MSG_NOSIGNAL, to, to.length);
    return sent === data.length ? undefined : errnoName();
  };
}

/** struct sockaddr_un. */
function addressOf(path: string): Buffer {
  const name = Buffer.from(path.startsWith('@') ? `\0${path.slice(1)}` : path);
  if (!/^[/@]./.test(path) || name.length >= MAX_PATH_BYTES)
    throw new Error(`${path} is no path of a socket`);
  return Buffer.concat([Buffer.from(Uint16Array.of(AF_UNIX).buffer), name]);
}
