import { isMet, type Mark, type Row } from './case.ts';
import type { MeasuredCase, Report } from './run-bench.ts';

/** Formats the figures and the goals of a case for a terminal. */
export function tableOf({ name, about, rows, marks, notes }: MeasuredCase): string {
  return [
    `${name}: ${about}`,
    ...aligned(rows.map(rowCells)),
    ...aligned(marks.map(markCells)),
    ...notes,
  ].join('\n');
}

/** Formats the head of the tables. */
export function headOf({ machine, rounds, notes }: Omit<Report, 'cases'>): string {
  const { cpus, model, kernel, node } = machine;
  const head = `${cpus} × ${model}, Linux ${kernel}, Node ${node}; median (lowest–highest) of ${rounds} rounds`;
  return [head, ...notes].join('\n');
}

function rowCells({ subject, what, figure: { median, low, high } }: Row): string[] {
  return [subject, what, short(median), `(${short(low)}–${short(high)})`];
}

function markCells(mark: Mark): string[] {
  const { subject, goal, value, limit, better } = mark;
  const bound = `${better === 'more' ? 'at least' : 'at most'} ${short(limit)}`;
  return [isMet(mark) ? 'MET' : 'MISSED', subject, goal, short(value), bound];
}

/** Formats three significant digits, or all digits before the point. */
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
