/** Does what an API server does in the directories that it shares with the daemon, as a user of the group. Argument:
 * the root of the machine. Prints each action that fails. */
import { appendFileSync, existsSync, renameSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { becomeMember } from '../support/member.ts';

const [root] = process.argv.slice(2) as [string];
const database = join(root, 'var/lib/dbcalm/db.sqlite3');
const own = join(root, 'var/lib/dbcalm/own.sqlite3');
// The first database loads the addon.
new Database(':memory:').close();
becomeMember();

async function attempt(what: string, work: () => void | Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    console.log(`${what}: ${error}`);
  }
}

function write(path: string): void {
  const opened = new Database(path);
  try {
    opened.pragma('journal_mode = WAL');
    opened.exec('CREATE TABLE IF NOT EXISTS process (id INTEGER PRIMARY KEY, status TEXT)');
    opened.exec("INSERT INTO process (status) VALUES ('running')");
    opened.exec("UPDATE process SET status = 'success'");
  } finally {
    opened.close();
  }
}

await attempt('write to the database that root has open', () => write(database));
await attempt('write to it once more', () => write(database));
await attempt('write to a database of its own', () => write(own));
await attempt('find no -wal or -shm of its own after it', () => {
  for (const suffix of ['-wal', '-shm']) if (existsSync(own + suffix)) throw new Error(`${suffix} is there`);
});
await attempt('write to its own once more, and remove it', () => {
  write(own);
  rmSync(own);
});

const socket = join(root, 'run/dbcalm/api.sock');
const listenAndClose = () =>
  new Promise<void>((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(socket, () => server.close(() => resolve()));
  });
await attempt('listen at a socket of its own, which goes with it', listenAndClose);
await attempt('listen once more', listenAndClose);

const log = join(root, 'var/log/dbcalm/api.log');
await attempt('write a log, and rotate it', () => {
  appendFileSync(log, 'a line\n');
  renameSync(log, `${log}.1`);
  appendFileSync(log, 'a line\n');
  rmSync(`${log}.1`);
});
