/** A member of the group that does random deeds against a daemon under load, which is killed and restarted; and the
 * referee, which is root. */

import type { ChildProcess } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { runClient } from '../chaos/clients.ts';
import { Gate } from '../chaos/gate.ts';
import { Ledger } from '../chaos/ledger.ts';
import { Random } from '../chaos/random.ts';
import { Judge } from '../chaos/verdict.ts';
import { changes, type Snapshot, snapshotOf } from '../fuzz/snapshot.ts';
import { type Layout, prepare } from '../support/daemon.ts';
import type { Done, Orders } from './attacker.ts';
import { FAMILIES } from './attacker-deeds.ts';
import type { Ground } from './attacker-ground.ts';
import {
  clearGround,
  findForeignLogs,
  findUnprojected,
  renameLogs,
  spawnAttacker,
} from './hostile-ground.ts';
import { Keeper, type KeeperFigures } from './keeper.ts';
import { plantCanaries, queryJournal, SHARED_CONFIG, shareWithGroup } from './member.ts';

const CLIENTS = 6;
const CALM_MS = 5_000;
const WORK_MS = 300;
const LONGEST_SPELL_MS = 4_000;
const LONGEST_LIFE_MS = 1_500;
const LONGEST_ROTATION_MS = 200;
const FAMILIES_AT_ONCE = 3;
/** Spells between two checks that the daemon accepts again and that the shared table is complete. */
const SPELLS_PER_CHECK = 3;
const FROZEN_AFTER_MS = 20_000;
const ACCEPTED_AGAIN_MS = 30_000;
/** The entries of the test's directory beside the config. */
const EXPECTED = ['lib', 'log', 'run', 'state', 'backups', 'cron.d', 'secret'];

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
  /** The number of attackers that ended too early by their own deeds. */
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
      // A member of the group may remove rows that it can read, so only rows since the last attack are judged, below.
      // It may also create its own directories again while they are deleted.
      if (complaint.startsWith('not projected') || complaint.includes(own)) return;
      this.#complain(complaint);
    });
    this.#keeper = new Keeper({
      at,
      adminSocket: this.#adminSocket,
      gate: this.#gate,
      frozenAfterMs: FROZEN_AFTER_MS,
      complain: (complaint) => this.#complain(complaint),
      onStart: () => findForeignLogs(at).forEach((complaint) => void this.#complain(complaint)),
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

  /** One attack, with clients and restarts. */
  async #spell(): Promise<void> {
    const random = this.#random;
    this.#figures.spells++;
    if (random.chance(0.7)) clearGround(this.#at, this.#random);
    this.#keeper.start();
    // Most attacks meet a working daemon, and some meet its start.
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
      await this.#disturb();
    }
    await attack;
    await this.#stop();
    this.#judge.look();
    this.#assertUntouched();
  }

  async #disturb(): Promise<void> {
    await this.#random.weighted<() => void | Promise<void>>([
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

  /** Renames the logs, and gives the attacker time to take the names. */
  async #rotateLogs(): Promise<void> {
    if (!this.#keeper.daemon) return;
    renameLogs(this.#at);
    await wait(this.#random.below(LONGEST_ROTATION_MS));
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
    const child = spawnAttacker(this.#at.folder, orders);
    this.#attacker = child;
    const errors = text(child.stderr as Readable);
    const code = new Promise<number | null>((resolve) => child.on('close', resolve));
    const told = await text(child.stdout as Readable);
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

  /** Runs after the attack, with a usable shared database. The daemon must accept, settle every command, and have its
   * rows in the shared table. */
  async #check(): Promise<void> {
    this.#figures.checks++;
    clearGround(this.#at, this.#random);
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
    const accepted = [...this.#ledger.acknowledged].filter((id) => !known.has(id));
    for (const complaint of findUnprojected(this.#at, accepted)) this.#complain(complaint);
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

  #assertUntouched(): void {
    const after = this.#guarded.map((path) => snapshotOf(path));
    for (const [index, before] of this.#before.entries()) {
      for (const change of changes(before, after[index] as Snapshot)) this.#complain(`canary: ${change}`);
    }
    this.#before = after;
    for (const name of readdirSync(this.#at.folder)) {
      if (!EXPECTED.includes(name) && name !== basename(this.#at.configFile))
        this.#complain(`canary: ${name} was made in the directory of root`);
    }
  }

  #complain(complaint: string): void {
    this.#figures.flaws++;
    this.#options.complain?.(complaint);
  }
}
