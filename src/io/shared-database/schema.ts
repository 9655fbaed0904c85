/** Checks the parts of the shared schema that a write to `process` runs: triggers, checks, generated columns, indexes. All are refused but plain
 * columns and plain indexes, since members of the group can change it at any moment, and the daemon would run their code in its
 * event loop. */
import type Database from 'better-sqlite3';

const NEEDED_COLUMNS = [
  'id',
  'command_id',
  'command',
  'pid',
  'status',
  'output',
  'error',
  'return_code',
  'start_time',
  'end_time',
  'type',
  'args',
];

/** Each index is written with each row. */
const MAX_INDEX_COUNT = 16;

/** The statement that made the table; longer ones are not read. */
const MAX_SQL_BYTES = 16_384;

/** Text between quotes or in comments; what is left of the SQL is names and keywords. */
const QUOTED = /'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|--[^\n]*|\/\*[\s\S]*?\*\//g;
const LITERAL = /^(?:[-+]?[\d.]+|'(?:[^']|'')*'|NULL|CURRENT_TIMESTAMP|TRUE|FALSE)$/i;

interface SchemaObject {
  readonly type: string;
  readonly name: string;
  readonly sql: string | null;
}

interface Column {
  readonly name: string;
  readonly type: string;
  readonly notnull: number;
  readonly dflt_value: string | null;
  readonly pk: number;
  readonly hidden: number;
}

interface Index {
  readonly name: string;
  readonly unique: number;
  readonly partial: number;
}

const OBJECTS = `SELECT type, substr(name, 1, 100) AS name,
    CASE WHEN octet_length(sql) <= ${MAX_SQL_BYTES} THEN sql END AS sql FROM main.sqlite_schema
  WHERE type <> 'index' AND (lower(name) = 'process' OR lower(tbl_name) = 'process') LIMIT 8`;

/** True if there is a table, or anything else, of this name. */
export function hasProcess(database: Database.Database): boolean {
  return objectsOf(database).length > 0;
}

/** Why the table `process` cannot be written safely, or undefined. Reads the schema alone. */
export function findSchemaProblem(database: Database.Database): string | undefined {
  const objects = objectsOf(database);
  const other = objects.find(({ type }) => type !== 'table');
  if (other) return `the ${other.type} ${JSON.stringify(other.name)} stands in the way of the table process`;
  const [table] = objects;
  if (table && table.sql === null)
    return `the statement of the table process has more than ${MAX_SQL_BYTES} bytes`;
  const sql = table?.sql?.replace(QUOTED, ' ') ?? '';
  if (/^\s*CREATE\s+VIRTUAL\b/i.test(sql)) return 'process is a virtual table';
  if (/\bCHECK\b/i.test(sql)) return 'the table process has a CHECK constraint';
  if (/\bON\s+CONFLICT\b/i.test(sql)) return 'the table process has a conflict clause, which can drop rows';
  // It takes the row of a new command, and could refuse its end.
  if (/\bSTRICT\b[^)]*$/i.test(sql)) return 'the table process is STRICT';
  if (/\bWITHOUT\s+ROWID\b/i.test(sql)) return 'the table process has no row ids';
  return findColumnProblem(database) ?? findIndexProblem(database);
}

function objectsOf(database: Database.Database): SchemaObject[] {
  return database.prepare<[], SchemaObject>(OBJECTS).all();
}

function findColumnProblem(database: Database.Database): string | undefined {
  const columns = database.pragma('main.table_xinfo(process)') as Column[];
  const missing = NEEDED_COLUMNS.find(
    (name) => !columns.some((column) => column.name.toLowerCase() === name),
  );
  if (missing !== undefined) return `the table process has no column ${missing}`;
  const key = columns.filter(({ pk }) => pk > 0);
  const [id] = key;
  if (key.length !== 1 || id?.name.toLowerCase() !== 'id' || id.type.toUpperCase() !== 'INTEGER') {
    return 'the column id of the table process is not its INTEGER PRIMARY KEY';
  }
  for (const { name, hidden, dflt_value, notnull } of columns) {
    if (hidden !== 0) return `the column ${name} of the table process is generated`;
    if (dflt_value !== null && !LITERAL.test(dflt_value)) {
      return `the default of the column ${name} of the table process is an expression`;
    }
    const isOurs = NEEDED_COLUMNS.includes(name.toLowerCase());
    if (!isOurs && notnull !== 0 && dflt_value === null) {
      return `the column ${name} of the table process must be given a value, and the daemon knows none`;
    }
  }
  return undefined;
}

function findIndexProblem(database: Database.Database): string | undefined {
  const indexes = database.pragma('main.index_list(process)') as Index[];
  if (indexes.length > MAX_INDEX_COUNT) {
    return `the table process has ${indexes.length} indexes, more than ${MAX_INDEX_COUNT}`;
  }
  for (const { name, unique, partial } of indexes) {
    if (partial !== 0) return `the index ${name} of the table process is partial`;
    const columns = database
      .prepare<[string], { readonly cid: number; readonly name: string | null }>(
        'SELECT cid, name FROM pragma_index_xinfo(?) WHERE key = 1',
      )
      .all(name);
    if (columns.some(({ cid }) => cid < 0))
      return `the index ${name} of the table process is on an expression`;
    const isById = columns.some((column) => /^(id|command_id)$/i.test(column.name ?? ''));
    if (unique !== 0 && !isById) return `the index ${name} of the table process is unique without an id`;
  }
  return undefined;
}
