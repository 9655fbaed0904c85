import assert from 'node:assert/strict';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import { findSchemaProblem } from '../../../src/io/shared-database/schema.ts';
import { SERVER_DATABASES } from '../../support/server-databases.ts';

const problemOf = (...statements: string[]) => {
  const database = new Database(':memory:');
  for (const statement of statements) database.exec(statement);
  const problem = findSchemaProblem(database);
  database.close();
  return problem;
};
const { Go, Python } = SERVER_DATABASES;
const changed = (from: string, to: string) => {
  assert.ok(Go.includes(from), from);
  return Go.replace(from, to);
};

test('`findSchemaProblem` finds nothing in the tables of both API servers, plain indexes and other columns', () => {
  for (const schema of [Go, Python]) assert.equal(problemOf(schema), undefined);
  assert.equal(problemOf(Go, 'CREATE UNIQUE INDEX one ON process (command_id)'), undefined);
  assert.equal(problemOf(Go, 'CREATE INDEX two ON process (status, start_time)'), undefined);
  assert.equal(problemOf(Go, "ALTER TABLE process ADD COLUMN more TEXT NOT NULL DEFAULT 'x'"), undefined);
  assert.equal(
    problemOf(Go, 'CREATE TABLE other (x CHECK (x > 1)); CREATE VIEW v AS SELECT * FROM process'),
    undefined,
  );
  assert.equal(problemOf(changed('output TEXT', 'output TEXT /* CHECK */ DEFAULT NULL')), undefined);
});

const PROBLEMS: readonly [problem: RegExp, ...statements: string[]][] = [
  [/the trigger "t" stands in the way/, Go, 'CREATE TRIGGER t AFTER INSERT ON process BEGIN SELECT 1; END'],
  [/the view "process" stands in the way/, 'CREATE TABLE a (x); CREATE VIEW process AS SELECT * FROM a'],
  [/virtual table/, 'CREATE VIRTUAL TABLE process USING fts5(id)'],
  [/more than 16384 bytes/, changed('output TEXT', `output TEXT ${'/* '.repeat(10_000)} */`)],
  [/CHECK constraint/, changed('output TEXT', 'output TEXT CHECK (output <> 1)')],
  [/conflict clause/, changed('output TEXT', 'output TEXT NOT NULL ON CONFLICT IGNORE')],
  [/no column args/, changed(', args TEXT NOT NULL', '')],
  [/not its INTEGER PRIMARY KEY/, changed('id INTEGER PRIMARY KEY AUTOINCREMENT', 'id INTEGER')],
  [/not its INTEGER PRIMARY KEY/, changed('id INTEGER PRIMARY KEY AUTOINCREMENT', 'id INT PRIMARY KEY')],
  [
    /no row ids/,
    `${changed('INTEGER PRIMARY KEY AUTOINCREMENT', 'INTEGER PRIMARY KEY').replace(');', ') WITHOUT ROWID;')}`,
  ],
  [/column more of the table process is generated/, changed('output TEXT', 'output TEXT, more AS (1 + pid)')],
  [
    /default of the column output .* is an expression/,
    changed('output TEXT', 'output TEXT DEFAULT (random())'),
  ],
  [/column more .* must be given a value/, changed('output TEXT', 'output TEXT, more TEXT NOT NULL')],
  [/index i .* is on an expression/, Go, 'CREATE INDEX i ON process (pid + 1)'],
  [/index i .* is partial/, Go, 'CREATE INDEX i ON process (pid) WHERE pid > 1'],
  [/index i .* is unique without an id/, Go, 'CREATE UNIQUE INDEX i ON process (type)'],
  [
    /has 18 indexes, more than 16/,
    Go,
    Array.from({ length: 17 }, (_, index) => `CREATE INDEX i${index} ON process (pid)`).join(';'),
  ],
];

for (const [problem, ...statements] of PROBLEMS) {
  test(`\`findSchemaProblem\` reports ${problem.source}: ${statements.at(-1)?.slice(0, 60)}`, () => {
    assert.match(problemOf(...statements) as string, problem);
  });
}
