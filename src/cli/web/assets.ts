/** The files of the page: the one place that knows where they are. In the executable they are inside. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { getRawAsset, isSea } from 'node:sea';

const FOLDER = join(import.meta.dirname, 'page');

const TYPES = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
} as const;

export const ASSETS = [
  'index.html',
  'page.css',
  'rows.css',
  'chart.css',
  'icon.svg',
  'main.js',
  'actors.js',
  'announce.js',
  'chart.js',
  'counters.js',
  'details.js',
  'elements.js',
  'feed.js',
  'keyed.js',
  'machines.js',
  'roving.js',
  'timeline.js',
  'words.js',
] as const;

export interface Asset {
  readonly type: string;
  readonly content: Buffer;
}

/** Undefined where there is no such file. */
export async function readAsset(name: string): Promise<Asset | undefined> {
  const known = ASSETS.find((asset) => asset === name);
  if (known === undefined) return undefined;
  const type = TYPES[known.slice(known.lastIndexOf('.') + 1) as keyof typeof TYPES];
  const content = isSea() ? Buffer.from(getRawAsset(`page/${known}`)) : await readFile(join(FOLDER, known));
  return { type, content };
}
