/** Checks the rules for every reply and every accepted request. They are repeated here and not imported from the daemon,
 * since its own code would not show its mistakes. */
import { isUtf8 } from 'node:buffer';
import { ObjectScanner } from '../../src/io/socket/framing.ts';
import { LIMITS } from '../model/oracles/limits.ts';
import type { Reply } from '../support/client.ts';
import type { Case } from './cases.ts';
import type { Delivered } from './deliver.ts';
import type { Place } from './place.ts';

const STATUS: Readonly<Record<number, string>> = {
  202: 'Accepted',
  400: 'Bad Request',
  403: 'Forbidden',
  429: 'Too Many Requests',
  503: 'Service Unavailable',
};
const MAX_BYTES = 4_096;
const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

export interface Judgement {
  /** Undefined if there is no reply, or none that is well formed. */
  readonly reply?: Reply;
  readonly flaw?: string;
}

export function judge({ bytes, pieces, ending }: Case, heard: Delivered, place: Place): Judgement {
  const { text, reads, error, closed, longestPause } = heard;
  if (!closed) return { flaw: `not closed, after ${JSON.stringify(text)}` };
  if (text === '') {
    if (ending === 'vanish' || bytes.length === 0) return {};
    if (error === 'EPIPE' && goesOn(pieces)) return {};
    // The daemon refused the client for its silence, and the client went on after the daemon had stopped reading.
    if (error !== undefined && longestPause > LIMITS.LINGER_LIMIT) return {};
    return { flaw: `no reply (${error ?? 'closed'})` };
  }
  if (bytes.length === 0) return { flaw: `a reply to nothing: ${text}` };
  const parsed = parse(text);
  const flaw = parsed === undefined ? 'it is not one JSON object' : (flawOf(parsed) ?? shapeOf(text, reads));
  if (flaw !== undefined) return { flaw: `${flaw}: ${text.slice(0, 5_000)}` };
  const reply = parsed as Reply;
  return reply.code === 202 && !mayBeAccepted(bytes, place)
    ? { reply, flaw: 'it must not be accepted' }
    : { reply };
}

/** Tells whether there are pieces after the one that completes the object. A client that sends them after the daemon
 * has closed breaks its own connection, possibly before it has read the reply. */
function goesOn(pieces: readonly Buffer[]): boolean {
  const scanner = new ObjectScanner(Number.POSITIVE_INFINITY);
  return pieces.slice(0, -1).some((piece) => scanner.push(piece).kind === 'complete');
}

function parse(text: string): Partial<Reply> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return value !== null && typeof value === 'object' && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function flawOf(reply: Partial<Reply>): string | undefined {
  const { code, status, message, id } = reply;
  if (code === undefined || STATUS[code] === undefined) return 'its code is none of the known';
  if (status !== STATUS[code]) return 'its status is not that of its code';
  const keys = code === 202 ? 'code,status,id' : 'code,status,message';
  if (Object.keys(reply).join() !== keys) return `its keys are not ${keys}`;
  if (code === 202) return ID.test(String(id)) ? undefined : 'its id is no UUID';
  return typeof message === 'string' && message !== '' ? undefined : 'its message is no text';
}

function shapeOf(text: string, reads: number): string | undefined {
  if (Buffer.byteLength(text) > MAX_BYTES) return `it is longer than ${MAX_BYTES} bytes`;
  return reads === 1 ? undefined : `it came in ${reads} pieces`;
}

/** Tells whether these bytes are one of the three commands and delete only paths strictly below the root. */
export function mayBeAccepted(bytes: Buffer, { backups }: Pick<Place, 'backups'>): boolean {
  const request = isUtf8(bytes)
    ? (parse(bytes.toString()) as { cmd?: unknown; args?: unknown } | undefined)
    : undefined;
  const args = request?.args as Record<string, unknown> | undefined;
  if (args === null || typeof args !== 'object') return false;
  if (request?.cmd === 'update_cron_schedules') return Array.isArray(args.schedules);
  const paths = { delete_directory: [args.path], cleanup_backups: args.folders ?? [] }[String(request?.cmd)];
  return Array.isArray(paths) && paths.every((path) => isBelow(path, backups));
}

function isBelow(path: unknown, root: string): boolean {
  if (typeof path !== 'string' || /[\0-\x1f\x7f]/.test(path)) return false;
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  const above = root.split('/').slice(1);
  return (
    path.startsWith('/') &&
    !parts.includes('..') &&
    parts.length > above.length &&
    above.every((part, index) => part === parts[index])
  );
}
