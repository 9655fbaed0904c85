/** The replies of the wire: one JSON object, one write, at most 4,096 bytes. */
import type { DaemonError, ErrorCode } from '../../errors.ts';

export const MAX_REPLY_BYTES = 4096;

const STATUS = {
  202: 'Accepted',
  400: 'Bad Request',
  403: 'Forbidden',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
} as const;

/** What an operator may want to be woken for. The names are stable. */
export type SecurityEvent = 'peer.refused' | 'path.refused' | 'symlink.met' | 'rate.limited';

export interface Refusal {
  readonly code: Exclude<keyof typeof STATUS, 202>;
  readonly message: string;
  readonly security?: SecurityEvent;
  /** Where an error of the table is behind it. */
  readonly error?: ErrorCode;
}

export type Reply = { readonly code: 202; readonly id: string } | Refusal;

export function refuse(code: Refusal['code'], message: string, security?: SecurityEvent): Refusal {
  return security === undefined ? { code, message } : { code, message, security };
}

/** Because of an error of the table. */
export function refuseFor(code: Refusal['code'], error: DaemonError, security?: SecurityEvent): Refusal {
  return { ...refuse(code, error.message, security), error: error.code };
}

/** A word for it, of few: the code of the error behind it, the security event that it is, or `invalid`. */
export function reasonOf({ error, security }: Refusal): string {
  return error ?? security ?? 'invalid';
}

/** The bytes of a reply; a message that would not fit is cut and ends in `…`. */
export function encodeReply(reply: Reply): Buffer {
  const status = STATUS[reply.code];
  if (reply.code === 202) return Buffer.from(JSON.stringify({ code: 202, status, id: reply.id }));
  const encode = (message: string) => Buffer.from(JSON.stringify({ code: reply.code, status, message }));
  // A character is at most 6 bytes as JSON (\u0000), so the first cut bounds the work.
  let message = reply.message.slice(0, MAX_REPLY_BYTES);
  let bytes = encode(message);
  if (bytes.length <= MAX_REPLY_BYTES && message.length === reply.message.length) return bytes;
  while (bytes.length > MAX_REPLY_BYTES || !message.endsWith('…')) {
    const over = Math.max(1, Math.ceil((bytes.length - MAX_REPLY_BYTES) / 6));
    message = `${message.replace(/…$/, '').slice(0, -over)}…`;
    bytes = encode(message);
  }
  return bytes;
}
