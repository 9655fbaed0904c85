import { constants as systemErrors } from 'node:os';
import koffi from 'koffi';
import { fromLibc } from '../os/libc.ts';

const fcntl = fromLibc('int fcntl(int fd, int command, void *lock)');

/** Linux's numbers. Source: fcntl.h. */
const F_OFD_SETLK = 37;
const F_RDLCK = 0;
const F_WRLCK = 1;
const F_UNLCK = 2;
const FLOCK_BYTES = 32;

/** The byte of a database file that SQLite locks to say that a transaction writes in rollback mode. Source: os.h of SQLite. */
const RESERVED_BYTE = 0x4000_0001n;

/** Takes SQLite's RESERVED lock on the file behind `fd`, for as long as `fd` is open. While another holds it, a connection does not take a
 * file named `…-journal` for the remains of a crash, so it neither opens it nor plays it back: a user that can write to the
 * directory could put a pipe there, and the opening would never return. It is a lock of the open file, not of the process: SQLite's own
 * locks do not touch it. In WAL mode no other process needs it. Throws SQLITE_BUSY where another process has it. */
export function reserveDatabase(fd: number): void {
  if (setLock(fd, F_WRLCK)) return;
  const code = koffi.errno() === systemErrors.errno.EAGAIN ? 'SQLITE_BUSY' : 'SQLITE_IOERR_LOCK';
  throw Object.assign(new Error('database is locked'), { code });
}

/** The same for a descriptor that is open for reading. Where another process has the lock, that one serves as well. */
export function reserveForReading(fd: number): void {
  setLock(fd, F_RDLCK);
}

export function unreserveDatabase(fd: number): void {
  setLock(fd, F_UNLCK);
}

/** `struct flock` of 64-bit Linux: type, whence, start, length, pid. */
function setLock(fd: number, type: number): boolean {
  const lock = Buffer.alloc(FLOCK_BYTES);
  lock.writeInt16LE(type, 0);
  lock.writeBigInt64LE(RESERVED_BYTE, 8);
  lock.writeBigInt64LE(1n, 16);
  return fcntl(fd, F_OFD_SETLK, lock) === 0;
}
