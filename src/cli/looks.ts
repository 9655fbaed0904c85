/** How values look on a terminal; elsewhere, and with NO_COLOR, styleText leaves them plain. */
import { styleText } from 'node:util';
import { printable } from './printable.ts';

const COLOURS = { pending: 'yellow', running: 'cyan', succeeded: 'green', failed: 'red' } as const;

/** A state within another looks like that. */
export function stateLook(state: string, width = 0): string {
  const text = printable(state).padEnd(width);
  const colour = COLOURS[state.split('.')[0] as keyof typeof COLOURS];
  return colour ? styleText(colour, text) : text;
}

export const faint = (text: string) => styleText('dim', text);
export const strong = (text: string) => styleText('bold', text);

/** `2026-11-24 02:20:54.788`: without the digits that are always 0. */
export const moment = (at: string) => printable(at.replace(/(\.\d{3})0+$/, '$1'));
export const clock = (at: string) => moment(at).slice(11);

/** Of the table's times, in milliseconds. */
export function between(from: string, to: string): number {
  const [start = 0, end = 0] = [from, to].map((text) => Date.parse(`${text.replace(' ', 'T')}Z`));
  return end - start;
}

export function duration(ms: number): string {
  if (Number.isNaN(ms)) return '?';
  if (ms < 60_000) return `${(ms / 1_000).toFixed(ms < 10_000 ? 3 : 1)} s`;
  const minutes = Math.floor(ms / 60_000);
  return minutes < 60
    ? `${minutes} min ${Math.floor(ms / 1_000) % 60} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

const UNITS = ['KiB', 'MiB', 'GiB', 'TiB'] as const;

export function sized(bytes: number): string {
  if (bytes < 1_024) return `${bytes} ${bytes === 1 ? 'byte' : 'bytes'}`;
  const power = Math.min(Math.floor(Math.log2(bytes) / 10), UNITS.length);
  return `${(bytes / 1_024 ** power).toFixed(1)} ${UNITS[power - 1]}`;
}

/** Returns the first characters of an id on a terminal, and the whole id elsewhere. */
export const shortId = (id: string) => printable(process.stdout.isTTY ? id.slice(0, 8) : id);

/** No longer than the terminal is wide; `taken` are the columns before it. */
export function fitted(text: string, taken: number): string {
  // A terminal that does not know its width says 0.
  const { isTTY, columns } = process.stdout;
  const room = isTTY && columns ? Math.max(1, columns - taken) : text.length;
  return text.length > room ? `${text.slice(0, room - 1)}…` : text;
}
