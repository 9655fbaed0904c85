import { InvalidArgumentError } from 'commander';
import { instantOf, timestamp } from '../io/store/timestamp.ts';

const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `10m`, `2h`, `3d` or an ISO time, which is UTC unless it says otherwise, as the table has times. */
export function parseSince(text: string, now = new Date()): string {
  const ago = /^(\d{1,6})([smhd])$/.exec(text);
  const at = ago
    ? new Date(now.getTime() - Number(ago[1]) * (UNITS[ago[2] as string] as number))
    : instantOf(text);
  if (!at) throw new InvalidArgumentError('Give 10m, 2h, 3d or a time as 2026-11-24T02:20:00Z.');
  return timestamp(at);
}

export function parseLimit(text: string): number {
  const limit = Number(text);
  if (/^\d{1,9}$/.test(text) && limit > 0) return limit;
  throw new InvalidArgumentError('Give a whole number from 1.');
}
