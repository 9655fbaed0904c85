/** A stand-in for an old daemon that is to be replaced. It gives the replies of the test, and does nothing. */
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import Database from 'better-sqlite3';

export interface OldDaemon {
  readonly socket: string;
  readonly database: string;
  /** The requests that it has received. */
  readonly heard: string[];
  /** `args`: an object to be written as JSON, or the text itself. */
  addRow(row: { id: string; type: string; command: string; args: object | string; status?: string }): void;
}

/** `answer` returns the reply to a request, or undefined to close without one. */
export async function oldDaemon(
  t: TestContext,
  folder: string,
  answer: (request: string) => object | undefined,
): Promise<OldDaemon> {
  const [socket, database] = [join(folder, 'old.sock'), join(folder, 'old.sqlite3')];
  const heard: string[] = [];
  const server = createServer((client) => {
    client.on('error', () => {});
    client.once('data', (piece) => {
      heard.push(String(piece));
      const reply = answer(String(piece));
      client.end(reply === undefined ? '' : JSON.stringify(reply));
    });
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  t.after(() => server.close());
  const rows = new Database(database);
  t.after(() => rows.close());
  rows.exec(`CREATE TABLE process (id INTEGER PRIMARY KEY AUTOINCREMENT, command_id TEXT NOT NULL,
    command TEXT NOT NULL, pid INTEGER, status TEXT NOT NULL, output TEXT, error TEXT, return_code INTEGER,
    start_time DATETIME NOT NULL, end_time DATETIME, type TEXT NOT NULL, args TEXT NOT NULL)`);
  const insert = rows.prepare(
    `INSERT INTO process (command_id, command, status, start_time, type, args)
     VALUES (@id, @command, @status, '2026-11-24 02:20:54.788000', @type, @args)`,
  );
  return {
    socket,
    database,
    heard,
    addRow: ({ args, status = 'success', ...row }) =>
      insert.run({ ...row, status, args: typeof args === 'string' ? args : JSON.stringify(args) }),
  };
}
