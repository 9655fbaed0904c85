/** The judge. It compares the knowledge of the clients with the journal, the journal with the disk, and the shared
 * table with the journal. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import type { Layout, Row, TransitionRow } from '../support/daemon.ts';
import { CronWatch } from './cron-watch.ts';
import type { Ledger } from './ledger.ts';
import { overtakings } from './overtaking.ts';

/** The kinds of flaws. None of them may ever happen. */
export const FLAWS = [
  'lost',
  'run twice',
  'left running',
  'torn files',
  'litter',
  'wrong order',
  'not projected',
] as const;
export type Flaw = (typeof FLAWS)[number];
export type Verdict = Record<'requests' | 'acknowledged' | 'refused' | 'interrupted' | Flaw, number>;

const INTERRUPTED = 'interrupted by a restart of the daemon';
const ALL_INTERRUPTED = `SELECT command_id FROM process WHERE status = 'failed' AND error LIKE '%${INTERRUPTED}%'`;
const ADMITTED_TWICE = `SELECT command_id FROM cmd_transition WHERE event = 'process.admitted'
                        GROUP BY command_id HAVING count(*) > 1`;
const OPEN = `SELECT command_id FROM process WHERE status = 'running'
              AND type IN ('update_cron_schedules', 'delete_directory', 'cleanup_backups')
              UNION SELECT command_id FROM cmd_unsettled`;

const PROJECTED = `SELECT command_id, concat_ws(' ', status, return_code, start_time, end_time, type) AS said FROM process
                   WHERE type IN ('update_cron_schedules', 'delete_directory', 'cleanup_backups') ORDER BY id`;

interface Projected {
  readonly command_id: string;
  readonly said: string;
}

export class Judge {
  readonly #at: Layout;
  readonly #ledger: Ledger;
  readonly #complain: (complaint: string) => void;
  readonly #cron: CronWatch;
  readonly #flaws = Object.fromEntries(FLAWS.map((flaw) => [flaw, 0])) as Record<Flaw, number>;
  /** All rows up to this one have been seen ended. */
  #settledUpTo = 0;
  readonly #seenEnded = new Set<number>();
  readonly #canaries: string[] = [];

  constructor(at: Layout, ledger: Ledger, complain: (complaint: string) => void = () => {}) {
    this.#at = at;
    this.#ledger = ledger;
    this.#complain = complain;
    this.#cron = new CronWatch(at.cronFile, ledger);
  }

  /** Checks what is valid at any time. */
  glance(): void {
    const torn = this.#cron.read();
    if (torn !== undefined) this.#flaw('torn files', torn);
  }

  /** Checks the disk between two daemons, when only a child left behind is at work. */
  look(): void {
    this.glance();
    const rows = this.#query('SELECT * FROM process WHERE id > ? ORDER BY id', this.#settledUpTo) as Row[];
    for (const row of rows) this.#cron.note(row);
    for (const row of rows) {
      if (row.status === 'running' || this.#seenEnded.has(row.id)) continue;
      this.#seenEnded.add(row.id);
      this.#ended(row);
    }
    while (this.#seenEnded.delete(this.#settledUpTo + 1)) this.#settledUpTo++;
    this.#ledger.unanswered.clear();
  }

  /** The last check, after the last daemon has settled everything. */
  verdict(): Verdict {
    this.look();
    this.#judgeRows();
    this.#judgeProjection();
    for (const id of this.#ids(ADMITTED_TWICE)) this.#flaw('run twice', `${id} was admitted twice`);
    for (const path of this.#canaries) {
      if (!existsSync(path)) this.#flaw('run twice', `${path} was removed after its command had ended`);
    }
    for (const id of this.#ids(OPEN)) this.#flaw('left running', `${id} has no end`);
    for (const name of readdirSync(dirname(this.#at.cronFile))) {
      if (name !== basename(this.#at.cronFile)) this.#flaw('litter', name);
    }
    const disorder = this.#cron.disorder();
    if (disorder !== undefined) this.#flaw('wrong order', disorder);
    const steps = this.#query('SELECT * FROM cmd_transition ORDER BY id') as TransitionRow[];
    const rows = this.#query('SELECT id, type, command FROM process') as Row[];
    for (const overtaking of overtakings(steps, rows, this.#at.cronFile))
      this.#flaw('wrong order', overtaking);
    const { requests, refused, acknowledged } = this.#ledger;
    return {
      requests,
      acknowledged: acknowledged.size,
      refused,
      interrupted: this.#ids(ALL_INTERRUPTED).length,
      ...this.#flaws,
    };
  }

  /** Checks a row that is seen ended for the first time. From then on no command may touch its paths. */
  #ended(row: Row): void {
    const { lone } = this.#ledger;
    const told = `row ${row.id} says ${row.status}`;
    if (row.type === 'update_cron_schedules') {
      if (row.status === 'success' && !this.#cron.holds(row.id)) this.#flaw('lost', `${told}: no file`);
      return;
    }
    const paths = row.command.split(' ').slice(2);
    const left = paths.filter((path) => existsSync(path));
    if (row.status === 'success' && left.length > 0) this.#flaw('lost', `${told}, but there is ${left[0]}`);
    if (!paths.every((path) => lone.has(path))) return;
    if (row.error?.includes(INTERRUPTED) && left.length === 0) this.#flaw('lost', `${told}, but all is gone`);
    for (const path of paths) this.#plant(path);
  }

  /** Puts a canary in place of the directory. A command that is carried out twice removes it. */
  #plant(path: string): void {
    const canary = join(path, 'canary');
    mkdirSync(path, { recursive: true });
    writeFileSync(canary, '');
    this.#canaries.push(canary);
  }

  #judgeRows(): void {
    const all = this.#query('SELECT command_id, status, error FROM process') as Row[];
    const rows = new Map(all.map((row) => [row.command_id, row]));
    for (const id of this.#ledger.acknowledged) {
      const row = rows.get(id);
      if (!row) this.#flaw('lost', `${id} has its 202 and no row`);
      else if (row.status !== 'success' && !(row.status === 'failed' && row.error)) {
        this.#flaw('lost', `${id} ended as ${row.status}, without a reason`);
      }
    }
  }

  /** Checks that each command has one row in the shared table, equal to that of the journal. */
  #judgeProjection(): void {
    const wanted = this.#query(PROJECTED) as Projected[];
    const found = Map.groupBy(
      this.#read(this.#at.database, PROJECTED) as Projected[],
      (row) => row.command_id,
    );
    for (const row of wanted) {
      const rows = found.get(row.command_id) ?? [];
      if (rows.length === 1 && rows[0]?.said === row.said) continue;
      const said = rows.map(({ said: text }) => text).join(' and ') || 'nothing';
      this.#flaw(
        'not projected',
        `of ${row.command_id} the shared table says ${said}, the journal ${row.said}`,
      );
    }
  }

  #flaw(flaw: Flaw, complaint: string): void {
    this.#flaws[flaw]++;
    this.#complain(`${flaw}: ${complaint}`);
  }

  #ids(sql: string): string[] {
    return (this.#query(sql) as Row[]).map(({ command_id }) => command_id);
  }

  #query(sql: string, ...parameters: unknown[]): unknown[] {
    return this.#read(this.#at.state, sql, ...parameters);
  }

  #read(path: string, sql: string, ...parameters: unknown[]): unknown[] {
    const database = new Database(path, { readonly: true });
    try {
      return database.prepare(sql).all(...parameters);
    } finally {
      database.close();
    }
  }
}
