import { posix } from 'node:path';

/** True if `path` lies strictly below `folder`; both absolute and normalised. */
export function isBelow(path: string, folder: string): boolean {
  return path.length > folder.length && path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
}

/** Without doubled and trailing slashes and `.` parts. A path with `..` must be refused before. */
export function normalise(path: string): string {
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
