import { readFileSync } from 'node:fs';
import { ancestors } from './paths.ts';

/** Where file systems are mounted, also bind mounts of the same one, which `rm --one-file-system` does not notice. */
export interface Mounts {
  /** True if `path` (real, normalised) is a mount point itself. */
  isPoint(path: string): boolean;
  /** True if something is mounted below `path`. */
  isAbove(path: string): boolean;
}

let last: { readonly text: string; readonly mounts: Mounts } | undefined;

/** Of the daemon's own view of the file system, now. Source: proc_pid_mountinfo(5). */
export function readMounts(text = readFileSync('/proc/self/mountinfo', 'utf8')): Mounts {
  if (last?.text !== text) last = { text, mounts: parse(text) };
  return last.mounts;
}

function parse(text: string): Mounts {
  const points = new Set<string>();
  const above = new Set<string>();
  for (const line of text.split('\n')) {
    const point = line.split(' ')[4];
    if (point !== undefined) points.add(unescaped(point));
  }
  for (const point of points) for (const folder of ancestors(point)) above.add(folder);
  return { isPoint: (path) => points.has(path), isAbove: (path) => above.has(path) };
}

/** Blanks and the like stand there as `\040`. */
function unescaped(path: string): string {
  if (!path.includes('\\')) return path;
  return path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
