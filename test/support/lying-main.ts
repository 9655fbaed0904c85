/** A daemon that accepts every request and does nothing. The model must detect it. */
import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';

const config = JSON.parse(readFileSync(process.argv.at(-1) as string, 'utf8')) as Record<string, string>;
const { socket_path: path = '', database_path = '' } = config;
mkdirSync(dirname(path), { recursive: true });
const database = new Database(database_path);
database.exec(
  'CREATE TABLE IF NOT EXISTS process (id INTEGER PRIMARY KEY, command_id, type, command, status)',
);

createServer((socket) => {
  socket.once('data', () => {
    socket.end(JSON.stringify({ code: 202, status: 'Accepted', id: randomUUID() }));
  });
}).listen(path, () => {
  console.error(JSON.stringify({ pid: process.pid, msg: 'listening' }));
});
