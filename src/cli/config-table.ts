/** Writes the table of config keys into the operator's page. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigSchema, DEFAULTS } from '../io/config/schema.ts';

const PAGE = join(import.meta.dirname, '..', '..', 'docs', 'operate.md');
const [FROM, TO] = ['<!-- config -->', '<!-- end config -->'];

interface Described {
  readonly description?: string;
  readonly allowed?: string;
}

/** Depends on the API server's config, so that it is no constant. */
const ROOTS = '`backup_dir` of the API server, `/tmp`';

function rowOf([key, schema]: [string, Described]): string {
  const value = (DEFAULTS as Record<string, unknown>)[key];
  const shown =
    key === 'deletion_roots' ? ROOTS : `\`${Array.isArray(value) ? JSON.stringify(value) : value}\``;
  return `| \`${key}\` | ${shown} | ${schema.allowed} | ${schema.description} |`;
}

/** The page as it must read. */
export function withConfigTable(page: string): string {
  const rows = Object.entries(ConfigSchema.properties as Record<string, Described>).map(rowOf);
  const table = ['| key | default | allowed | effect |', '|---|---|---|---|', ...rows].join('\n');
  return `${page.slice(0, page.indexOf(FROM))}${FROM}\n${table}\n${page.slice(page.indexOf(TO))}`;
}

if (import.meta.main) writeFileSync(PAGE, withConfigTable(readFileSync(PAGE, 'utf8')));
