/** The C library, for what Node does not offer. */
import koffi from 'koffi';

type CFunction = (...args: (number | Buffer | Uint32Array)[]) => number;

/** A function of it by its prototype, looked up at its first call: who does not need it does not load it. */
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
