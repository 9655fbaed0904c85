/** Decides which requests may be sent at all. The daemon under test deletes as root: no random path may name anything
 * outside the test directory, even if the daemon did everything wrong. */

/** All symlink targets lie this deep below the test directory: this many `..` lead out of it from none of them. */
export const MAX_UP = 2;

/** Tells whether no string in these bytes leads out of the test directory. It may also reject harmless bytes. */
export function isSafe(bytes: Buffer, folder: string): boolean {
  const text = bytes.toString('latin1');
  // If the text is not JSON, anything between two quotes may be meant as a string.
  const strings = [...stringsIn(text), ...decoded(text).split('"')];
  return strings.every((string) => staysInside(string, folder));
}

function* stringsIn(text: string): Generator<string> {
  for (let open = text.indexOf('"'), close: number; open !== -1; open = text.indexOf('"', close + 1)) {
    close = open;
    do {
      close = text.indexOf('"', close + 1);
    } while (close !== -1 && isEscaped(text, close));
    yield decoded(text.slice(open + 1, close === -1 ? undefined : close));
    if (close === -1) return;
  }
}

function isEscaped(text: string, at: number): boolean {
  let slashes = 0;
  while (text[at - slashes - 1] === '\\') slashes++;
  return slashes % 2 === 1;
}

/** Decodes JSON escapes, also invalid ones. */
function decoded(text: string): string {
  return text.replace(/\\(?:u([0-9a-f]{4})|(.))/gis, (_, code: string | undefined, other: string) => {
    return code === undefined ? other : String.fromCharCode(Number.parseInt(code, 16));
  });
}

/** Tells whether a path stays inside the test directory at every component, also if it is cut off there. A relative
 * path starts at the test directory, in which the daemon starts. */
function staysInside(string: string, folder: string): boolean {
  const path = string.replace(/^[^\w/.~-]+/, '');
  const absolute = path.startsWith('/');
  if (absolute && path !== folder && !path.startsWith(`${folder}/`)) return false;
  let depth = 0;
  let up = 0;
  // The kernel reads a path up to a NUL.
  for (const part of path.slice(absolute ? folder.length : 0).split(/[/\0]/)) {
    if (part === '..') {
      depth--;
      up++;
    } else if (part !== '' && part !== '.') depth++;
    if (depth < 0 || up > MAX_UP) return false;
  }
  return true;
}
