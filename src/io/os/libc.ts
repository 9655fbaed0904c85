/** The C library, for what Node does not offer. */
import { getSystemErrorName } from 'node:util';
import koffi from 'koffi';

type CFunction = (...args: (number | string | Buffer | Uint32Array)[]) => number;

/** Returns a function of the C library by its prototype. It is looked up at its first call, so an unused one is not loaded. */
export function fromLibc(prototype: string): CFunction {
  let found: CFunction | undefined;
  return (...args) => {
    found ??= koffi.load('libc.so.6').func(prototype) as CFunction;
    return found(...args);
  };
}

/** Linux's numbers. Source: socket.h. */
export const AF_UNIX = 1;
export const SOL_SOCKET = 1;

export const getsockopt = fromLibc('int getsockopt(int fd, int level, int name, void *value, void *length)');

/** Linux's numbers. Source: fcntl.h, fs.h. */
export const AT_FDCWD = -100;
export const RENAME_NOREPLACE = 1;
export const RENAME_EXCHANGE = 2;

/** Paths may lead through /proc/self/fd. */
export const renameat2 = fromLibc(
  'int renameat2(int oldFd, const char *oldPath, int newFd, const char *newPath, unsigned int flags)',
);

/** Why the last call failed, such as ENOENT. */
export const errnoName = (): string => getSystemErrorName(-koffi.errno());
