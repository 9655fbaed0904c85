/** Draws how nearly each goal is reached: one bar per goal on a logarithmic scale, and a line where the goal is met. */
import { isMet, type Mark, nearness } from './case.ts';
import type { Report } from './run-bench.ts';
import { short } from './table.ts';

const [WIDTH, BAR, GAP, LABELS, TOP] = [960, 16, 8, 430, 56];
/** The ends of the scale: a tenth of the goal, and ten times the goal. */
const DECADES = 1;

export function chartOf({ at, machine, cases }: Report): string {
  const marks = cases.flatMap((one) => one.marks.map((mark) => ({ name: one.name, mark })));
  const height = TOP + marks.length * (BAR + GAP) + GAP;
  const bars = marks.map(({ name, mark }, index) => bar(name, mark, TOP + index * (BAR + GAP)));
  const met = xOf(1);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12" role="img" aria-labelledby="title">
<title id="title">How near each goal was come to</title>
<rect width="${WIDTH}" height="${height}" fill="#fff"/>
<text x="12" y="22" font-size="15">How near each goal was come to</text>
<text x="12" y="42" fill="#555">${escaped(`${at.slice(0, 10)}, ${machine.cpus} × ${machine.model}, Node ${machine.node}`)}</text>
<text x="${met}" y="42" text-anchor="middle">goal</text>
<text x="${xOf(0.1)}" y="42" text-anchor="middle" fill="#555">1/10</text>
<text x="${xOf(10)}" y="42" text-anchor="end" fill="#555">10 ×</text>
${bars.join('\n')}
<line x1="${met}" x2="${met}" y1="${TOP - 8}" y2="${height - GAP}" stroke="#000"/>
</svg>
`;
}

function bar(name: string, mark: Mark, y: number): string {
  const end = xOf(nearness(mark));
  const text = escaped(`${name}, ${mark.subject}: ${mark.goal}`);
  const value = escaped(`${short(mark.value)} (goal ${short(mark.limit)})`);
  const colour = isMet(mark) ? '#2a7f62' : '#b3412e';
  const left = xOf(0.1);
  // The value is inside a long bar.
  const [x, anchor, fill] = end > WIDTH - 150 ? [end - 4, 'end', '#fff'] : [end + 4, 'start', '#000'];
  const base = y + BAR - 4;
  return `<text x="${LABELS - 10}" y="${base}" text-anchor="end">${text}</text><rect x="${left}" y="${y}" width="${Math.max(1, end - left)}" height="${BAR}" fill="${colour}"/><text x="${x}" y="${base}" text-anchor="${anchor}" fill="${fill}">${value}</text>`;
}

function xOf(share: number): number {
  const bounded = Math.max(-DECADES, Math.min(DECADES, Math.log10(share)));
  return Math.round(LABELS + ((bounded + DECADES) / (2 * DECADES)) * (WIDTH - LABELS - 20));
}

const escaped = (text: string) => text.replace(/[&<>]/g, (char) => `&#${char.charCodeAt(0)};`);
