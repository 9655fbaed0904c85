/** Access to the page: the request must carry the token, and must not come from the page of another origin. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** The allowed host names. Another name can be made to resolve to 127.0.0.1, and a foreign page could use it. */
const HOSTS = ['127.0.0.1', 'localhost'];

/** 192 random bits, as they can stand in a URL. */
export const newToken = (): string => randomBytes(24).toString('base64url');

/** Returns the path below the token, such as `/feed`; undefined if the request must not be answered. The port is not
 * compared with the one that is listened on, since a tunnel may have another. */
export function admitted({ url = '', headers }: Pick<IncomingMessage, 'url' | 'headers'>, token: string) {
  const host = /^([\w.-]+)(?::\d{1,5})?$/.exec(headers.host ?? '')?.[1] ?? '';
  const [, given = '', path] = /^\/([^/?]+)(\/[^?]*)/.exec(url) ?? [];
  // Both, always: how long it takes tells nothing.
  const known = isSame(given, token);
  return HOSTS.includes(host) && known ? path : undefined;
}

function isSame(given: string, token: string): boolean {
  const [one, other] = [given, token].map((text) => createHash('sha256').update(text).digest());
  return timingSafeEqual(one as Buffer, other as Buffer);
}

/** Headers of each response: the page loads resources from this server only, no other page may frame or read it, and
 * nothing is cached. */
export const PROTECTION = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; '),
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
} as const;
