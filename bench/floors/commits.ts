/** The commit floor: durable commits of one row in a loop, by one open connection. Arguments: the database, the
 * number of commits. Prints the commits per second. */
import Database from 'better-sqlite3';

const [file, count] = process.argv.slice(2) as [string, string];
const database = new Database(file);
database.pragma('journal_mode = WAL');
database.pragma('synchronous = FULL');
database.exec('CREATE TABLE IF NOT EXISTS row (id INTEGER PRIMARY KEY, text TEXT NOT NULL)');
const insert = database.prepare('INSERT INTO row (text) VALUES (?)');
const text = 'x'.repeat(200);
const begun = performance.now();
for (let i = 0; i < Number(count); i++) insert.run(text);
console.log((Number(count) / (performance.now() - begun)) * 1_000);
database.close();
