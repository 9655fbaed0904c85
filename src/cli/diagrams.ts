/** Writes the diagrams of all machines into the architecture page. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CHARTS } from './machine-charts.ts';
import { mermaid } from './mermaid.ts';

const PAGE = join(import.meta.dirname, '..', '..', 'docs', 'architecture.md');

/** The page as it must read: between each pair of markers stands the diagram of that machine. */
export function withDiagrams(page: string): string {
  return CHARTS.reduce((text, chart) => {
    const [from, to] = [`<!-- diagram ${chart.name} -->`, `<!-- end ${chart.name} -->`];
    const [before, rest] = [text.slice(0, text.indexOf(from)), text.slice(text.indexOf(to))];
    return `${before}${from}\n\`\`\`mermaid\n${mermaid(chart)}\n\`\`\`\n${rest}`;
  }, page);
}

if (import.meta.main) writeFileSync(PAGE, withDiagrams(readFileSync(PAGE, 'utf8')));
