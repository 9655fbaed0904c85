import { isMet, type Mark, type Row } from './case.ts';
import type { Report } from './run-bench.ts';

/** For a terminal: of each case what was measured, and the goals. */
export function tablesOf({ machine, rounds, notes, cases }: Report): string {
  const { cpus, model, kernel, node } = machine;
  const head = `${cpus} × ${model}, Linux ${kernel}, Node ${node}; median (lowest–highest) of ${rounds} rounds`;
  const tables = cases.map(({ name, about, rows, marks, notes: left }) =>
    [
      `${name}: ${about}`,
      ...aligned([...rows.map(rowCells)]),
      ...aligned(marks.map(markCells)),
      ...left,
    ].join('\n'),
  );
  return [head, ...notes, ...tables].join('\n\n');
}

function rowCells({ subject, what, figure: { median, low, high } }: Row): string[] {
  return [subject, what, short(median), `(${short(low)}–${short(high)})`];
}

function markCells(mark: Mark): string[] {
  const { subject, goal, value, limit, better } = mark;
  const bound = `${better === 'more' ? 'at least' : 'at most'} ${short(limit)}`;
  return [isMet(mark) ? 'MET' : 'MISSED', subject, goal, short(value), bound];
}

/** Three significant digits, or all before the point. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return '–';
  return Math.abs(value) >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}

function aligned(lines: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const cells of lines) {
    for (const [at, cell] of cells.entries()) widths[at] = Math.max(widths[at] ?? 0, cell.length);
  }
  return lines.map((cells) =>
    `  ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  ')}`.trimEnd(),
  );
}
