/** Sockets that Node cannot create: listening ones without an accept, as systemd holds them, and datagram sockets. */
import type { TestContext } from 'node:test';
import { AF_UNIX, fromLibc } from '../../src/io/os/libc.ts';
import { undoLater } from './undo.ts';

const socket = fromLibc('int socket(int domain, int type, int protocol)');
const bind = fromLibc('int bind(int fd, void *address, uint32_t length)');
const listen = fromLibc('int listen(int fd, int backlog)');
const recv = fromLibc('int64_t recv(int fd, void *data, size_t length, int flags)');
const close = fromLibc('int close(int fd)');

const [SOCK_STREAM, SOCK_DGRAM, SOCK_CLOEXEC, MSG_DONTWAIT] = [1, 2, 0o2000000, 0x40];

function boundSocket(t: TestContext, type: number, path: string): number {
  const fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
  undoLater(t, () => close(fd));
  // An abstract name begins with @.
  const name = Buffer.from(path.replace(/^@/, '\0'));
  const address = Buffer.concat([Buffer.from(Uint16Array.of(AF_UNIX).buffer), name]);
  if (bind(fd, address, address.length) !== 0) throw new Error(`cannot bind ${path}`);
  return fd;
}

/** Returns a file descriptor to which clients can connect. This process accepts none of them. */
export function listeningFd(t: TestContext, path: string): number {
  const fd = boundSocket(t, SOCK_STREAM, path);
  if (listen(fd, 4_096) !== 0) throw new Error(`cannot listen at ${path}`);
  return fd;
}

/** Receives datagrams at `path`. Returns a function that gives those since its last call. */
export function datagramEar(t: TestContext, path: string): () => string[] {
  const fd = boundSocket(t, SOCK_DGRAM, path);
  return () => {
    const heard: string[] = [];
    const data = Buffer.alloc(4_096);
    for (;;) {
      const length = recv(fd, data, data.length, MSG_DONTWAIT);
      if (length < 0) return heard;
      heard.push(data.toString('utf8', 0, length));
    }
  };
}
