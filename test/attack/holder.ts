/** A member of the group that holds a lease on a file, or locks on its bytes: `holder.ts lease|locks FILE`. Prints `held`, and ends
 * when its input does. */
import { openSync } from 'node:fs';
import { fromLibc } from '../../src/io/os/libc.ts';
import { becomeMember } from '../support/member.ts';

/** Linux's numbers. Source: fcntl.h. */
const F_SETLEASE = 1024;
const F_OFD_SETLK = 37;
const F_WRLCK = 1;
const FLOCK_BYTES = 32;
/** The bytes of a -shm file that readers and the recovery lock in WAL mode. Source: walformat.html of SQLite. */
const FIRST_BYTE = 122n;
const BYTE_COUNT = 6n;

const setLease = fromLibc('int fcntl(int fd, int command, long argument)');
const setLock = fromLibc('int fcntl(int fd, int command, void *lock)');

const [what, path] = process.argv.slice(2) as [string, string];
// The C library must be loaded before the process gives up its rights.
setLease(-1, F_SETLEASE, F_WRLCK);
setLock(-1, F_OFD_SETLK, Buffer.alloc(FLOCK_BYTES));
becomeMember();
// The kernel sends a signal when another process wants to break the lease.
process.on('SIGIO', () => {});
const file = openSync(path, 'r+');
if (hold(file) !== 0) throw new Error(`cannot hold ${path}`);
console.log('held');
process.stdin.resume();

function hold(fd: number): number {
  if (what === 'lease') return setLease(fd, F_SETLEASE, F_WRLCK);
  const lock = Buffer.alloc(FLOCK_BYTES);
  lock.writeInt16LE(F_WRLCK, 0);
  lock.writeBigInt64LE(FIRST_BYTE, 8);
  lock.writeBigInt64LE(BYTE_COUNT, 16);
  return setLock(fd, F_OFD_SETLK, lock);
}
