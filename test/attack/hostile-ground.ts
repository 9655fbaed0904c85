/** The ground of the random attacker: its process, the work of an operator between two attacks, and the checks
 * afterwards. */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, chownSync, lstatSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import type { Random } from '../chaos/random.ts';
import type { Layout, Row } from '../support/daemon.ts';
import { jailed } from '../support/jail.ts';
import { MEMBER, NO_COVERAGE } from '../support/member.ts';
import type { Orders } from './attacker.ts';
import { queryJournal } from './member.ts';

/** Starts an attacker with the rights of the group alone, in the jail of the test. */
export function spawnAttacker(folder: string, orders: Orders): ChildProcess {
  const { uid, gid } = MEMBER;
  const command = jailed(folder, [
    '/usr/bin/setpriv',
    ...[
      `--reuid=${uid}`,
      `--regid=${gid}`,
      '--clear-groups',
      '--no-new-privs',
      '--inh-caps=-all',
      '--bounding-set=-all',
    ],
    ...['--', process.execPath, join(import.meta.dirname, 'attacker.ts'), JSON.stringify(orders)],
  ]);
  const [file, ...words] = command as [string, ...string[]];
  return spawn(file, words, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...NO_COVERAGE } });
}

/** Does what an operator does after an attack: removes all files of the attacker and installs a usable database. */
export function clearGround(at: Layout, random: Random): void {
  const { database, log, socket, backups } = at;
  // The mode of the package, or that of an operator who lets no member remove the files of another.
  chmodSync(dirname(database), random.chance(0.7) ? 0o2770 : 0o3770);
  for (const directory of [dirname(database), dirname(log), dirname(socket), backups]) {
    for (const name of readdirSync(directory)) {
      const path = join(directory, name);
      if (lstatSync(path).uid === MEMBER.uid) rmSync(path, { recursive: true, force: true });
    }
  }
  for (const suffix of ['', '-wal', '-shm', '-journal'])
    rmSync(database + suffix, { recursive: true, force: true });
  if (random.chance(0.5)) return;
  const made = new Database(database);
  if (random.chance(0.7)) made.pragma('journal_mode = WAL');
  made.exec('CREATE TABLE of_the_server (word TEXT)');
  made.close();
  chmodSync(database, 0o660);
  // The API server owns the database, so the attacker may rename and replace it.
  chownSync(database, random.chance(0.7) ? MEMBER.uid : 0, MEMBER.gid);
}

const logsOf = ({ log }: Layout) => [log, join(dirname(log), 'cmd-audit.log')];

/** Renames the logs as logrotate does. The attacker can prevent it. */
export function renameLogs(at: Layout): void {
  for (const path of logsOf(at)) {
    try {
      if (lstatSync(path).isFile()) renameSync(path, `${path}.1`);
    } catch {
      // The daemon keeps the log that it has.
    }
  }
}

/** Returns complaints about a listening daemon that does not own the names of its logs. */
export function findForeignLogs(at: Layout): string[] {
  return logsOf(at).flatMap((path) => {
    const found = lstatSync(path, { throwIfNoEntry: false });
    const isOurs = found?.isFile() && found.uid === 0 && found.nlink === 1;
    return isOurs ? [] : [`log: ${path} is no file of the daemon alone after its start`];
  });
}

/** Returns complaints about accepted commands whose shared row differs from the journal. */
export function findUnprojected(at: Layout, ids: readonly string[]): string[] {
  const complaints: string[] = [];
  const sql = 'SELECT * FROM process WHERE command_id = ?';
  const shared = new Database(at.database, { readonly: true });
  try {
    for (const id of ids) {
      const rows = shared.prepare(sql).all(id) as Row[];
      const [wanted] = queryJournal(at, sql, id) as Row[];
      if (rows.length === 1 && rows[0]?.status === wanted?.status) continue;
      const said = rows.map(({ status }) => status).join(', ') || 'nothing';
      complaints.push(`not projected: of ${id} the shared table says ${said}, the journal ${wanted?.status}`);
    }
  } finally {
    shared.close();
  }
  return complaints;
}
