/** What may be sent at all. The daemon under test deletes as root: whatever chance makes of a path, it must not be able
 * to name anything outside the test's own folder, not even if the daemon did everything wrong. */

/** So deep below the test's folder lie all targets of its symlinks: so many `..` lead out from none of them. */
export const MAX_UP = 2;

/** Whether no string in these bytes leads out of `folder`. Harmless ones are dropped as well: it does not matter. */
export function isSafe(bytes: Buffer, folder: string): boolean {
  const text = bytes.toString('latin1');
  // Where the text is no JSON, anything between two quotes may be meant as a string.
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

/** JSON's escapes undone, also where they are not valid. */
function decoded(text: string): string {
  return text.replace(/\\(?:u([0-9a-f]{4})|(.))/gis, (_, code: string | undefined, other: string) => {
    return code === undefined ? other : String.fromCharCode(Number.parseInt(code, 16));
  });
}

/** Relative paths count from the folder, which is where the daemon is started. At no point of its way, and wherever
 * one cuts it off, may a path be outside. */
function staysInside(string: string, folder: string): boolean {
  const path = string.replace(/^[^\w/.~-]+/, '');
  const absolute = path.startsWith('/');
  if (absolute && path !== folder && !path.startsWith(`${folder}/`)) return false;
  let depth = 0;
  let up = 0;
  // The kernel reads up to a NUL.
  for (const part of path.slice(absolute ? folder.length : 0).split(/[/\0]/)) {
    if (part === '..') {
      depth--;
      up++;
    } else if (part !== '' && part !== '.') depth++;
    if (depth < 0 || up > MAX_UP) return false;
  }
  return true;
}
