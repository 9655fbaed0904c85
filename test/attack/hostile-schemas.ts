/** Schemas of the shared database with which a member of the group can delay or mislead a process that writes to it. */

/** Queries and expressions that take minutes at least. */
const ENDLESS_QUERY =
  '(WITH RECURSIVE r(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM r) SELECT count(*) FROM r)';
const ENDLESS_EXPRESSION =
  "instr(printf('%.*c', 9000000, 'a'), printf('%.*c', 4000000, 'a') || 'b' || command_id) = 0";

const COLUMNS = `id INTEGER PRIMARY KEY AUTOINCREMENT, command_id TEXT NOT NULL, command TEXT NOT NULL, pid INTEGER,
  status TEXT NOT NULL, output TEXT, error TEXT, return_code INTEGER,
  start_time DATETIME NOT NULL, end_time DATETIME, type TEXT NOT NULL, args TEXT NOT NULL`;
/** The table of the contract. */
export const CREATE_PROCESS = `CREATE TABLE IF NOT EXISTS process (${COLUMNS})`;
const ASIDE = 'ALTER TABLE process RENAME TO aside;';

/** Entries that the next connection or the next statement has to read. */
const entries = (count: number, entry: string) =>
  `WITH RECURSIVE r(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM r LIMIT ${count})
   INSERT INTO sqlite_schema SELECT ${entry} FROM r;
   PRAGMA schema_version = 7777;`;

/** Statements that obstruct a write, by what they create. They need `writable_schema`. */
export const HOSTILE_SCHEMAS: Readonly<Record<string, string>> = {
  'a trigger with an endless query': `CREATE TRIGGER t AFTER INSERT ON process BEGIN SELECT ${ENDLESS_QUERY}; END`,
  'a trigger with an endless query on an update': `CREATE TRIGGER t AFTER UPDATE ON process BEGIN SELECT ${ENDLESS_QUERY}; END`,
  'a trigger that drops each row':
    'CREATE TRIGGER t BEFORE INSERT ON process BEGIN SELECT RAISE(IGNORE); END',
  'a trigger that deletes each row':
    'CREATE TRIGGER t AFTER INSERT ON process BEGIN DELETE FROM process; END',
  'a trigger that renames each row':
    "CREATE TRIGGER t AFTER INSERT ON process BEGIN UPDATE process SET command_id = 'x'; END",
  'a view in the place of the table': `${ASIDE} CREATE VIEW process AS SELECT * FROM aside;
    CREATE TRIGGER t INSTEAD OF INSERT ON process BEGIN SELECT 1; END;
    CREATE TRIGGER u INSTEAD OF UPDATE ON process BEGIN SELECT 1; END`,
  'an endless view in the place of the table': `${ASIDE} CREATE VIEW process AS
    SELECT *, ${ENDLESS_QUERY} AS endless FROM aside`,
  'a virtual table in the place of the table': `${ASIDE} CREATE VIRTUAL TABLE process USING fts5(${COLUMNS.replaceAll(
    / (INTEGER|TEXT|DATETIME|PRIMARY|KEY|AUTOINCREMENT|NOT|NULL)\b/g,
    '',
  )})`,
  'an endless check': `${ASIDE} CREATE TABLE process (${COLUMNS}, CHECK (${ENDLESS_EXPRESSION}))`,
  'an endless generated column': `${ASIDE}
    CREATE TABLE process (${COLUMNS}, slow INTEGER NOT NULL GENERATED ALWAYS AS (${ENDLESS_EXPRESSION}) STORED)`,
  'an endless index on an expression': `${ASIDE} CREATE TABLE process (${COLUMNS});
    CREATE INDEX slow ON process (${ENDLESS_EXPRESSION})`,
  'an endless partial index': `${ASIDE} CREATE TABLE process (${COLUMNS});
    CREATE INDEX slow ON process (id) WHERE ${ENDLESS_EXPRESSION}`,
  'an endless default': `${ASIDE}
    CREATE TABLE process (${COLUMNS}, slow INTEGER DEFAULT (${ENDLESS_EXPRESSION.replace(' || command_id', '')}))`,
  'a column that must not be NULL': `${ASIDE} CREATE TABLE process (${COLUMNS}, more TEXT NOT NULL)`,
  'a unique index': `${ASIDE} CREATE TABLE process (${COLUMNS}); CREATE UNIQUE INDEX one ON process (type)`,
  'a unique index that replaces rows': `${ASIDE} CREATE TABLE process (${COLUMNS}, UNIQUE (type) ON CONFLICT REPLACE)`,
  'a unique index that ignores rows': `${ASIDE} CREATE TABLE process (${COLUMNS}, UNIQUE (type) ON CONFLICT IGNORE)`,
  'a strict table that refuses ends': `${ASIDE} CREATE TABLE process (${COLUMNS.replace('end_time DATETIME', 'end_time INTEGER').replaceAll('DATETIME', 'TEXT')}) STRICT`,
  'an index with a name of 8 MiB': `${ASIDE} CREATE TABLE process (${COLUMNS});
    CREATE INDEX i ON process (id) WHERE id > 0;
    UPDATE sqlite_schema SET name = 'i' || hex(zeroblob(4194304)), sql = replace(sql, 'INDEX i', 'INDEX i' || hex(zeroblob(4194304)))
      WHERE name = 'i'; PRAGMA schema_version = 7777`,
  'a table without its columns': `${ASIDE} CREATE TABLE process (id INTEGER PRIMARY KEY)`,
  'no table': ASIDE,
  'a column that drops rows': `${ASIDE}
    CREATE TABLE process (${COLUMNS.replace('output TEXT', 'output TEXT NOT NULL ON CONFLICT IGNORE')})`,
  'an exhausted sequence': "UPDATE sqlite_sequence SET seq = 9223372036854775807 WHERE name = 'process'",
  'an id at its maximum':
    'UPDATE process SET id = 9223372036854775807 WHERE id = (SELECT min(id) FROM process)',
  'a schema that cannot be read': entries(1, "'table', 'x', 'x', 2, 'CREATE TABLE'"),
};

/** The same, with a schema of `count` entries. */
export const massSchemas = (count: number): Readonly<Record<string, string>> => ({
  [`${count} tables`]: entries(count, "'table', 't' || x, 't' || x, 2, 'CREATE TABLE t' || x || '(a)'"),
  [`${count} triggers`]: entries(
    count,
    "'trigger', 't' || x, 'process', 0, 'CREATE TRIGGER t' || x || ' AFTER INSERT ON process BEGIN SELECT 1; END'",
  ),
  [`${Math.min(count, 1_500)} indexes`]: Array.from(
    { length: Math.min(count, 1_500) },
    (_, number) => `CREATE INDEX i${number} ON process (command_id);`,
  ).join(''),
});
