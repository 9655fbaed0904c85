import type { Socket } from 'node:net';
import { messageOf } from '../../errors.ts';
import { getsockopt, SOL_SOCKET } from '../os/libc.ts';

/** The process at the other end, as the kernel recorded it on connect. An unknown peer is never taken for root. */
export type Peer =
  | { readonly known: true; readonly pid: number; readonly uid: number; readonly gid: number }
  | { readonly known: false; readonly why: string };

/** Returns the user that a peer counts for: its uid. All unknown peers share one user. */
export const userOf = (peer: Peer): number => (peer.known ? peer.uid : -1);

/** Linux's numbers. Source: unix(7), socket.h. */
const SO_PEERCRED = 17;
/** struct ucred: pid, uid, gid, each 32 bits. */
const UCRED_BYTES = 12;

/** Node offers no peer credentials itself. */
export function peerOf(socket: Socket): Peer {
  const { fd } = (socket as unknown as { _handle?: { fd?: number } | null })._handle ?? {};
  if (fd === undefined || fd < 0) return { known: false, why: 'the connection is closed' };
  try {
    const value = Buffer.alloc(UCRED_BYTES);
    const length = Uint32Array.of(UCRED_BYTES);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, value, length) !== 0 || length[0] !== UCRED_BYTES) {
      return { known: false, why: 'the kernel does not tell' };
    }
    return { known: true, pid: value.readInt32LE(0), uid: value.readUInt32LE(4), gid: value.readUInt32LE(8) };
  } catch (error) {
    return { known: false, why: messageOf(error) };
  }
}

/** Returns why the process that listens at the other end of a client's socket is no daemon that we may rely on: only root, and
 * our own user, can run one. Undefined where it may be one. */
export function impostorObjection(socket: Socket): string | undefined {
  const peer = peerOf(socket);
  if (!peer.known) return `cannot tell which user listens there: ${peer.why}`;
  const isTrusted = peer.uid === 0 || peer.uid === process.geteuid?.();
  return isTrusted ? undefined : `the process that listens there belongs to uid ${peer.uid}, not to root`;
}
