import { isBelow, isPlain, normalise } from '../io/fs/paths.ts';
import { unicodeEscape } from '../io/log/escape.ts';
import { type Refusal, refuse, type SecurityEvent } from '../io/socket/reply.ts';
import type { Step } from './command.ts';
import { received } from './received.ts';

const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

/** Linux opens no longer one. */
const MAX_PATH_BYTES = 4_095;
/** At most, of a plain path as UTF-8. */
const BYTES_A_CHARACTER = 3;

/** The rule of deletion: strictly below a root, spelled so that no reader can take it for another place, and nothing
 * that the daemon needs itself. */
export function refuseDeletion(
  path: string,
  roots: readonly string[],
  ownFiles: readonly string[],
): Refusal | undefined {
  const why = objection(path, roots, ownFiles);
  return why === undefined ? undefined : forbidden(path, why, roots);
}

export function forbidden(
  path: string,
  why: string,
  roots: readonly string[],
  security: SecurityEvent = 'path.refused',
): Refusal {
  const message = `Cannot delete ${printable(path)}: ${why}. Allowed is what lies below ${roots.join(', ')}`;
  return refuse(403, message, security);
}

function objection(path: string, roots: readonly string[], ownFiles: readonly string[]): string | undefined {
  const isHarmless = isPlain(path) && path.length <= MAX_PATH_BYTES / BYTES_A_CHARACTER;
  if (isHarmless) return misplacement(path, roots, ownFiles);
  return oddity(path) ?? misplacement(normalise(path), roots, ownFiles);
}

/** Returns why the spelling of a path is refused; undefined if it is not. */
function oddity(path: string): string | undefined {
  if (!path.startsWith('/')) return 'the path is not absolute';
  if (CONTROL.test(path)) return 'the path holds a control character';
  if (!path.isWellFormed()) return 'the path is not valid Unicode';
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) return `the path is longer than ${MAX_PATH_BYTES} bytes`;
  if (path.split('/').includes('..')) return "the path holds '..'";
  return undefined;
}

/** What speaks against where a path leads. */
function misplacement(
  target: string,
  roots: readonly string[],
  ownFiles: readonly string[],
): string | undefined {
  if (roots.includes(target)) return 'it is a deletion root itself';
  if (!roots.some((root) => isBelow(target, root))) return 'it is not below a deletion root';
  const root = roots.find((candidate) => isBelow(candidate, target));
  if (root !== undefined) return `the deletion root ${root} lies below it`;
  const own = ownFiles.find((file) => file === target || isBelow(file, target));
  if (own !== undefined) return `the daemon keeps ${own} there`;
  return undefined;
}

function printable(path: string): string {
  return received(path).replace(new RegExp(CONTROL, 'g'), unicodeEscape);
}

/** The removal of checked and normalised paths, each once. */
export function removal(paths: readonly string[]): Step | undefined {
  const unique = isAscending(paths) ? paths : [...new Set(paths)];
  return unique.length === 0 ? undefined : { do: 'remove', paths: unique };
}

/** True if the paths are in strictly ascending order, so that none occurs twice. Most long lists are, since backup
 * directories are named after their time. */
const isAscending = (paths: readonly string[]) =>
  paths.slice(1).every((path, index) => (paths[index] as string) < path);
