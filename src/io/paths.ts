import { statSync } from 'node:fs';
import { posix } from 'node:path';

/** True if `path` lies strictly below `folder`; both absolute and normalised. */
export function isBelow(path: string, folder: string): boolean {
  return path.length > folder.length && path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
}

/** Without doubled and trailing slashes and `.` parts. A path with `..` must be refused before. */
export function normalise(path: string): string {
  // Most are plain, and one request may name many thousands.
  if (path.startsWith('/') && !/\/(\/|\.|$)/.test(path)) return path;
  const plain = posix.normalize(path);
  return plain.length > 1 && plain.endsWith('/') ? plain.slice(0, -1) : plain;
}

/** Each folder above `path`, nearest first, down to `/`. */
export function* ancestors(path: string): Generator<string> {
  for (let at = posix.dirname(path); ; at = posix.dirname(at)) {
    yield at;
    if (at === '/') return;
  }
}

/** Whether both lead to the same, be it through symlinks. What is not there is the same as nothing. */
export function isSameFile(one: string, other: string): boolean {
  const [a, b] = [one, other].map((path) => statSync(path, { throwIfNoEntry: false }));
  return a !== undefined && a.ino === b?.ino && a.dev === b.dev;
}
