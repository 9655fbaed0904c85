import { readFileSync, realpathSync } from 'node:fs';

/** __SO_ACCEPTCON. Source: net.h. */
const LISTENS = 0x10000;

/** True if a process listens at `path`, by the kernel's table: a connection could start a daemon. The table does not contain
 * sockets of other network namespaces. */
export function isListenedAt(path: string): boolean {
  const place = realPath(path);
  if (place === undefined) return false;
  // Address, references, protocol, flags, type, state, inode, path.
  return readFileSync('/proc/net/unix', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .some(
      ([, , , flags = '', , , , bound]) =>
        bound?.startsWith('/') && (Number.parseInt(flags, 16) & LISTENS) !== 0 && realPath(bound) === place,
    );
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync.native(path);
  } catch {
    return undefined;
  }
}
