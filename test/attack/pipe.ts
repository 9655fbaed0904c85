import { fromLibc } from '../../src/io/os/libc.ts';

const mkfifo = fromLibc('int mkfifo(const void *path, uint32_t mode)');

/** Makes a named pipe. Opening it blocks until another process opens the other end. */
export function makePipe(path: string): void {
  if (mkfifo(Buffer.from(`${path}\0`), 0o666) !== 0) throw new Error(`cannot make a pipe at ${path}`);
}
