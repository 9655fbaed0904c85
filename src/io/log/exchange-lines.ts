/** Requests and their replies as JSON lines, as a daemon keeps them and `compare` reads them. */
import { isUtf8 } from 'node:buffer';
import { messageOf } from '../../errors.ts';
import type { Peer } from '../socket/peer.ts';
import { encodeReply, type Reply } from '../socket/reply.ts';

export interface Exchange {
  /** When the request was complete. */
  readonly at: Date;
  readonly peer: Peer;
  readonly request: Buffer;
  readonly reply: Reply;
}

/** `request` is the text as it came, or `request_base64` where that is no UTF-8. */
export function lineOf({ at, peer, request, reply }: Exchange): string {
  const { known, ...who } = peer;
  return `${JSON.stringify({
    at,
    peer: known ? who : null,
    ...(isUtf8(request) ? { request: request.toString() } : { request_base64: request.toString('base64') }),
    reply: JSON.parse(encodeReply(reply).toString()),
  })}\n`;
}

/** The bytes of the request in a line: one that was kept, or a request as it stands. Throws what is wrong with it. */
export function requestIn(line: string): Buffer {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw new Error(`not JSON: ${messageOf(error)}`);
  }
  const { request, request_base64, cmd } = (value ?? {}) as Record<string, unknown>;
  if (typeof request === 'string') return Buffer.from(request);
  if (typeof request_base64 === 'string') return Buffer.from(request_base64, 'base64');
  if (cmd !== undefined) return Buffer.from(line);
  throw new Error('it has neither a cmd nor a request');
}
