/** A member of the group that does anything that it can, at random, against a daemon under load that is killed and restarted; and the
 * referee, which is root. */

import { type ChildProcess, spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { runClient } from '../chaos/clients.ts';
import { Gate } from '../chaos/gate.ts';
import { Ledger } from '../chaos/ledger.ts';
import { Random } from '../chaos/random.ts';
import { Judge } from '../chaos/verdict.ts';
import { changes, type Snapshot, snapshotOf } from '../fuzz/snapshot.ts';
import { type Layout, prepare, type Row } from '../support/daemon.ts';
import { jailed } from '../support/jail.ts';
import { MEMBER } from '../support/member.ts';
import type { Done, Orders } from './attacker.ts';
import { FAMILIES, type Ground } from './attacker-deeds.ts';
import { Keeper, type KeeperFigures } from './keeper.ts';
import { plantCanaries, queryJournal, SHARED_CONFIG, shareWithGroup } from './member.ts';

const CLIENTS = 6;
const CALM_MS = 5_000;
const WORK_MS = 300;
const LONGEST_SPELL_MS = 4_000;
const LONGEST_LIFE_MS = 1_500;
const FAMILIES_AT_ONCE = 3;
/** Spells between two checks that the daemon accepts again and that the shared table is complete. */
const SPELLS_PER_CHECK = 3;
const FROZEN_AFTER_MS = 20_000;
const ACCEPTED_AGAIN_MS = 30_000;
export interface HostileOptions {
  readonly lastsMs: number;
  readonly seed: number;
  readonly folder: string;
  readonly complain?: (complaint: string) => void;
}

export interface HostileFigures extends KeeperFigures {
  readonly seed: number;
  spells: number;
  kills: number;
  terms: number;
  checks: number;
  requests: number;
  acknowledged: number;
  refused: number;
  /** Attackers that ended before their time, by their own doing. */
  brokenAttackers: number;
  flaws: number;
  /** By deed: tried and done. */
  readonly deeds: Done;
}

/** Runs the attack; a flaw is anything that must not happen. */
export function runHostileMember(options: HostileOptions): Promise<HostileFigures> {
  return new Siege(options).run();
}

class Siege {
  readonly #options: HostileOptions;
  readonly #random: Random;
  readonly #at: Layout;
  readonly #adminSocket: string;
  readonly #ground: Ground;
  readonly #gate = new Gate();
  readonly #ledger = new Ledger();
  readonly #judge: Judge;
  readonly #keeper: Keeper;
  readonly #deeds: Done = {};
  readonly #guarded: readonly string[];
  #before: readonly Snapshot[];
  readonly #figures = { spells: 0, kills: 0, terms: 0, checks: 0, brokenAttackers: 0, flaws: 0 };
  #attacker: ChildProcess | undefined;

  constructor(options: HostileOptions) {
    const { folder, seed } = options;
    this.#options = options;
    this.#random = new Random(seed);
    // The package has the daemon's logs and those of cron jobs in one directory.
    const config = { cron_log_dir: join(folder, 'log'), max_running: 4, cmd_log_level: 'info' };
    const at = prepare(folder, { ...SHARED_CONFIG, ...config });
    this.#at = at;
    shareWithGroup(at);
    chmodSync(at.backups, 0o3770);
    this.#adminSocket = join(folder, 'run', 'cmd-admin.sock');
    const { directory, file, empty, database, absent } = plantCanaries(folder);
    const kept = join(at.backups, 'kept');
    mkdirSync(join(kept, 'inner'), { recursive: true, mode: 0o755 });
    writeFileSync(join(kept, 'inner', 'file'), 'not to be deleted');
    this.#guarded = [directory, kept, at.configFile];
    this.#before = this.#guarded.map((path) => snapshotOf(path));
    const { database: shared, socket, cronFile, log, backups, state } = at;
    this.#ground = {
      ...{ database: shared, socket, adminSocket: this.#adminSocket, cronFile, log, backups },
      canaries: [file, empty, database, absent, join(kept, 'inner'), at.configFile, state, cronFile],
    };
    const own = join(backups, 'mine');
    this.#judge = new Judge(at, this.#ledger, (complaint) => {
      // A member of the group may remove rows that it can read: only those since the last attack are judged, below. And it may make its
      // own directories again while they are deleted.
      if (complaint.startsWith('not projected') || complaint.includes(own)) return;
      this.#complain(complaint);
    });
    this.#keeper = new Keeper({
      at,
      adminSocket: this.#adminSocket,
      gate: this.#gate,
      frozenAfterMs: FROZEN_AFTER_MS,
      complain: (complaint) => this.#complain(complaint),
    });
  }

  async run(): Promise<HostileFigures> {
    const clients = Array.from({ length: CLIENTS }, (_, index) =>
      runClient({
        name: `c${index}`,
        at: this.#at,
        gate: this.#gate,
        ledger: this.#ledger,
        random: this.#random.fork(),
        glance: () => this.#judge.glance(),
      }).catch((error: unknown) => this.#complain(`odd: a client was told ${error}`)),
    );
    const end = performance.now() + this.#options.lastsMs;
    try {
      while (performance.now() < end) {
        for (let spell = 0; spell < SPELLS_PER_CHECK && performance.now() < end; spell++) await this.#spell();
        await this.#check();
      }
      this.#gate.shut();
      await Promise.all(clients);
      this.#judge.verdict();
    } finally {
      this.#attacker?.kill('SIGKILL');
      await this.#keeper.stop('SIGKILL');
    }
    const { requests, refused, acknowledged } = this.#ledger;
    return {
      seed: this.#options.seed,
      ...this.#figures,
      ...this.#keeper.figures,
      ...{ requests, refused, acknowledged: acknowledged.size },
      deeds: this.#deeds,
    };
  }

  /** One attack, beside clients and restarts. */
  async #spell(): Promise<void> {
    const random = this.#random;
    this.#figures.spells++;
    if (random.chance(0.7)) this.#clearGround();
    this.#keeper.start();
    // Most attacks meet a daemon at work, some meet its start.
    if (random.chance(0.8)) await this.#waitForWork(CALM_MS);
    const lastsMs = 500 + random.below(LONGEST_SPELL_MS);
    const attack = this.#attack(lastsMs);
    const end = performance.now() + lastsMs;
    for (
      let life = random.below(LONGEST_LIFE_MS);
      performance.now() + life < end;
      life = random.below(LONGEST_LIFE_MS)
    ) {
      await wait(life);
      this.#disturb();
    }
    await attack;
    await this.#stop();
    this.#judge.look();
    this.#assertUntouched();
  }

  #disturb(): void {
    this.#random.weighted<() => void>([
      [4, () => this.#end('SIGKILL')],
      [3, () => this.#end('SIGTERM')],
      [3, () => this.#rotateLogs()],
    ])();
  }

  #end(signal: 'SIGKILL' | 'SIGTERM'): void {
    if (!this.#keeper.daemon) return;
    if (signal === 'SIGKILL') this.#figures.kills++;
    else this.#figures.terms++;
    this.#keeper.end(signal);
  }

  /** As logrotate does, which the attacker can only hinder. */
  #rotateLogs(): void {
    const { log } = this.#at;
    for (const path of [log, join(dirname(log), 'cmd-audit.log')]) {
      try {
        if (lstatSync(path).isFile()) renameSync(path, `${path}.1`);
      } catch {
        // The log goes on as it is.
      }
    }
    this.#keeper.signal('SIGHUP');
  }

  async #stop(): Promise<void> {
    this.#gate.close();
    await this.#keeper.stop(this.#random.pick(['SIGKILL', 'SIGTERM']));
    await this.#gate.quiet();
  }

  async #attack(lastsMs: number): Promise<void> {
    const random = this.#random;
    const names = Object.keys(FAMILIES);
    const families = Array.from({ length: FAMILIES_AT_ONCE }, () => random.pick(names));
    const orders: Orders = { ground: this.#ground, seed: random.below(2 ** 31), families, lastsMs };
    const { uid, gid } = MEMBER;
    const command = jailed(this.#at.folder, [
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
    const child = spawn(file, words, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#attacker = child;
    const errors = text(child.stderr);
    const code = new Promise<number | null>((resolve) => child.on('close', resolve));
    const told = await text(child.stdout);
    if ((await code) !== 0) this.#figures.brokenAttackers++;
    if (told === '' && (await errors) !== '') throw new Error(`the attacker failed: ${await errors}`);
    const lines = told.split('\n').filter((line) => line.endsWith('}'));
    const done = JSON.parse(lines.at(-1) ?? '{}') as Done;
    for (const [name, { tried, done: times }] of Object.entries(done)) {
      this.#deeds[name] ??= { tried: 0, done: 0 };
      const total = this.#deeds[name];
      total.tried += tried;
      total.done += times;
    }
  }

  /** What an operator does after an attack: everything of the attacker's goes, and a usable database is put in place. */
  #clearGround(): void {
    const { database, log, socket, backups } = this.#at;
    // The package's, or that of an operator who lets no member remove the files of another.
    chmodSync(dirname(database), this.#random.chance(0.7) ? 0o2770 : 0o3770);
    for (const directory of [dirname(database), dirname(log), dirname(socket), backups]) {
      for (const name of readdirSync(directory)) {
        const path = join(directory, name);
        if (lstatSync(path).uid === MEMBER.uid) rmSync(path, { recursive: true, force: true });
      }
    }
    for (const suffix of ['', '-wal', '-shm', '-journal'])
      rmSync(database + suffix, { recursive: true, force: true });
    if (this.#random.chance(0.5)) return;
    const made = new Database(database);
    if (this.#random.chance(0.7)) made.pragma('journal_mode = WAL');
    made.exec('CREATE TABLE of_the_server (word TEXT)');
    made.close();
    chmodSync(database, 0o660);
    // The API server has made it: the attacker may rename and replace it.
    chownSync(database, this.#random.chance(0.7) ? MEMBER.uid : 0, MEMBER.gid);
  }

  /** The attack is over, and the shared database can be used: the daemon must accept, settle everything, and have its rows in
   * the shared table. */
  async #check(): Promise<void> {
    this.#figures.checks++;
    this.#clearGround();
    const known = new Set(this.#ledger.acknowledged);
    this.#keeper.start();
    const accepts = await this.#waitUntil(
      ACCEPTED_AGAIN_MS,
      () => this.#ledger.acknowledged.size > known.size,
    );
    if (!accepts)
      this.#complain(`lost: no command is accepted after the attack: ${this.#keeper.lastRefusal}`);
    await wait(WORK_MS);
    this.#gate.close();
    await this.#gate.quiet();
    const settled = await this.#waitUntil(
      ACCEPTED_AGAIN_MS,
      () => queryJournal(this.#at, 'SELECT 1 FROM cmd_unsettled').length === 0,
    );
    if (!settled) this.#complain('left running: commands have no end after the attack');
    await this.#keeper.stop('SIGTERM');
    this.#judge.look();
    this.#assertProjected([...this.#ledger.acknowledged].filter((id) => !known.has(id)));
    this.#assertUntouched();
  }

  /** Whether a command is accepted within this time. */
  #waitForWork(limitMs: number): Promise<boolean> {
    const { acknowledged } = this.#ledger;
    const { size } = acknowledged;
    return this.#waitUntil(limitMs, () => acknowledged.size > size);
  }

  async #waitUntil(limitMs: number, look: () => boolean): Promise<boolean> {
    for (const begun = performance.now(); performance.now() - begun < limitMs; await wait(20))
      if (look()) return true;
    return false;
  }

  /** What was accepted since the database is usable stands in the shared table as it does in the journal. */
  #assertProjected(ids: readonly string[]): void {
    const sql = 'SELECT * FROM process WHERE command_id = ?';
    const shared = new Database(this.#at.database, { readonly: true });
    try {
      for (const id of ids) {
        const rows = shared.prepare(sql).all(id) as Row[];
        const [wanted] = queryJournal(this.#at, sql, id) as Row[];
        if (rows.length === 1 && rows[0]?.status === wanted?.status) continue;
        const said = rows.map(({ status }) => status).join(', ') || 'nothing';
        this.#complain(
          `not projected: of ${id} the shared table says ${said}, the journal ${wanted?.status}`,
        );
      }
    } finally {
      shared.close();
    }
  }

  #assertUntouched(): void {
    const after = this.#guarded.map((path) => snapshotOf(path));
    for (const [index, before] of this.#before.entries()) {
      for (const change of changes(before, after[index] as Snapshot)) this.#complain(`canary: ${change}`);
    }
    this.#before = after;
    for (const name of readdirSync(this.#at.folder)) {
      const expected = [
        'lib',
        'log',
        'run',
        'state',
        'backups',
        'cron.d',
        'secret',
        basename(this.#at.configFile),
      ];
      if (!expected.includes(name)) this.#complain(`canary: ${name} was made in the directory of root`);
    }
  }

  #complain(complaint: string): void {
    this.#figures.flaws++;
    this.#options.complain?.(complaint);
  }
}
