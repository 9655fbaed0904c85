import { FILE_HEADERS_ONLY, formatPatch, type StructuredPatch, structuredPatch } from 'diff';

/** How many lines may differ. Beyond it the diff contains both files as a whole: the time of the search for common lines
 * grows with the square of this number. */
const MAX_CHANGES = 1_000;
const CONTEXT = 3;

const WHOLE = `more than ${MAX_CHANGES.toLocaleString('en')} lines differ: the whole of both files is shown\n`;

/** Returns the difference from `before` to `after` in the format of `diff -u`; undefined `before`: there was no file. If the
 * diff contains both files as a whole, its first line says so; patch(1) skips that line. The event loop runs meanwhile. */
export async function unifiedDiff(path: string, before: string | undefined, after: string): Promise<string> {
  const names = [before === undefined ? '/dev/null' : path, path] as const;
  const patch = await new Promise<StructuredPatch | undefined>((resolve) => {
    const options = { context: CONTEXT, maxEditLength: MAX_CHANGES, callback: resolve };
    structuredPatch(...names, before ?? '', after, undefined, undefined, options);
  });
  if (patch) return formatPatch(patch, FILE_HEADERS_ONLY);
  const whole = formatPatch(replacement(...names, before ?? '', after), FILE_HEADERS_ONLY);
  return before ? WHOLE + whole : whole;
}

function replacement(
  oldFileName: string,
  newFileName: string,
  before: string,
  after: string,
): StructuredPatch {
  const [gone, come] = [linesOf(before), linesOf(after)];
  const hunk = {
    oldStart: 1,
    oldLines: gone.length,
    newStart: 1,
    newLines: come.length,
    lines: [...marked('-', before, gone), ...marked('+', after, come)],
  };
  return { oldFileName, newFileName, oldHeader: undefined, newHeader: undefined, hunks: [hunk] };
}

function linesOf(text: string): string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

function marked(mark: string, text: string, lines: readonly string[]): string[] {
  const end = text.endsWith('\n') || text === '' ? [] : ['\\ No newline at end of file'];
  return [...lines.map((line) => mark + line), ...end];
}
