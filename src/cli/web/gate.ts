/** Who may have the page: who knows its token, in a browser that was led here by that URL and by no other's page. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** By another name the page of somebody else could reach it: a name can be made to point to 127.0.0.1. */
const HOSTS = ['127.0.0.1', 'localhost'];

/** 192 random bits, as they can stand in a URL. */
export const newToken = (): string => randomBytes(24).toString('base64url');

/** What is asked for below the token, as `/feed`; undefined: not to be answered. The port is not held against what is
 * listened to: a tunnel may have another. */
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

/** For each answer. Nothing is loaded but from here, nobody else shows it or gets a word of it, and nothing stays. */
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
