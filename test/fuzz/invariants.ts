/** Checks the invariants of the daemon and of its directory, which hold for any request. */
import { lstatSync, readdirSync, readFileSync, statSync, truncateSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import type { Place } from './place.ts';

/** Limit for the resident memory of the daemon, in MiB. Some twenty concurrent requests of 1 MiB stay below it. */
export const MOST_RESIDENT = 600;

export function residentMiB(pid: number): number {
  const [, kib] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kib ?? 0) / 1024;
}

const FIELD = String.raw`(?:\*|\*/\d+|\d+)`;
const JOB = String.raw`/usr/bin/dbcalm (?:cleanup|backup (?:full|incremental) --schedule-id -?\d+)`;
const LOG = String.raw`/var/log/dbcalm/(?:cleanup|cron--?\d+)\.log`;
const LINE = new RegExp(`^(?:|#[^\\0-\\x1f\\x7f]*|${FIELD}(?: ${FIELD}){4} root ${JOB} >> ${LOG} 2>&1)$`);

/** Returns the flaws of the cron file. Cron runs each of its lines as root. */
export function cronFlaws({ cronFile }: Pick<Place, 'cronFile'>): string[] {
  const stat = lstatSync(cronFile, { throwIfNoEntry: false });
  if (stat === undefined) return [];
  const kind =
    stat.isFile() && (stat.mode & 0o777) === 0o644 ? [] : ['the cron file is not a file of mode 644'];
  const lines = readFileSync(cronFile, 'utf8').split('\n');
  const last = lines.pop() === '' ? [] : ['the cron file has no last line end'];
  const bad = lines
    .filter((line) => !LINE.test(line))
    .map((line) => `a cron line is ${JSON.stringify(line)}`);
  return [...kind, ...last, ...bad];
}

/** Returns the files in the directories of the daemon that do not belong there. */
export function litter({ folder, cronFile }: Place): string[] {
  const allowed: Record<string, RegExp> = {
    [dirname(cronFile)]: /^dbcalm$/,
    [join(folder, 'run')]: /^cmd(-admin)?\.sock$/,
    [join(folder, 'lib')]: /^db\.sqlite3/,
    [join(folder, 'log')]: /^(cmd(-audit)?\.log|dbcalm)$/,
  };
  return Object.entries(allowed).flatMap(([path, pattern]) =>
    readdirSync(path)
      .filter((name) => !pattern.test(name))
      .map((name) => `${join(path, name)} is left`),
  );
}

/** Tells whether all commands have ended. */
export function isSettled({ database }: Pick<Place, 'database'>): boolean {
  return query(database, "SELECT 1 FROM process WHERE status = 'running' LIMIT 1").length === 0;
}

/** Returns the flaws of the rows at the end of a run. `accepted`: the ids of all 202 replies. */
export function rowFlaws(
  { database, state }: Pick<Place, 'database' | 'state'>,
  accepted: ReadonlySet<string>,
): string[] {
  const known = new Set(query(database, 'SELECT command_id FROM process') as string[]);
  const without = [...accepted].filter((id) => !known.has(id)).map((id) => `${id} has its 202 and no row`);
  const running = query(database, "SELECT command FROM process WHERE status = 'running'");
  const wordless = query(
    database,
    "SELECT command FROM process WHERE status = 'failed' AND coalesce(error, '') = '' OR status NOT IN ('success', 'failed', 'running')",
  );
  const open = query(state, 'SELECT command_id FROM cmd_unsettled');
  return [
    ...without,
    ...running.map((command) => `still running: ${String(command).slice(0, 300)}`),
    ...wordless.map((command) => `ended without a reason: ${String(command).slice(0, 300)}`),
    ...open.map((id) => `${id} is not settled`),
  ];
}

function query(path: string, sql: string): unknown[] {
  const database = new Database(path, { readonly: true });
  try {
    return database.prepare(sql).pluck().all();
  } finally {
    database.close();
  }
}

const LARGEST_LOG = 64 * 1024 * 1024;

/** Truncates large logs, since a long run must not fill the disk. */
export function emptyLogs({ folder }: Pick<Place, 'folder'>): void {
  for (const name of readdirSync(join(folder, 'log'))) {
    const path = join(folder, 'log', name);
    if (statSync(path).size > LARGEST_LOG) truncateSync(path);
  }
}
