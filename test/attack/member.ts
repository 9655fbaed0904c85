/** The attacker of these tests: a member of the group that shares directories with the daemon, with no other right.
 * It works in the test's own directory only. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import Database from 'better-sqlite3';
import { changes, snapshotOf } from '../fuzz/snapshot.ts';
import { adminSocket, look } from '../support/admin.ts';
import {
  type Exit,
  exitOf,
  type Layout,
  launchDaemon,
  prepare,
  type StartOptions,
  spawnDaemon,
  startDaemon,
  TestDaemon,
} from '../support/daemon.ts';
import { testFolder } from '../support/folder.ts';
import { jailed } from '../support/jail.ts';
import { MEMBER, NO_COVERAGE } from '../support/member.ts';

/** A daemon that takes longer than this is frozen, not slow. */
const FROZEN_AFTER_MS = 30_000;

/** Runs `work`, which must be synchronous, with the rights of the member only. */
export function actAsMember<T>(work: () => T): T {
  const groups = process.getgroups?.() ?? [];
  process.setgroups?.([]);
  process.setegid?.(MEMBER.gid);
  process.seteuid?.(MEMBER.uid);
  try {
    return work();
  } finally {
    process.seteuid?.(0);
    process.setegid?.(0);
    process.setgroups?.(groups);
  }
}

/** Gives the directories the owners and modes that the package gives them. */
export function shareWithGroup({ folder, database, state, backups }: Layout): void {
  chmodSync(folder, 0o755);
  const modes: [path: string, mode: number][] = [
    [dirname(database), 0o2770],
    [join(folder, 'log'), 0o3770],
    [join(folder, 'run'), 0o3774],
    [backups, 0o2770],
  ];
  for (const [path, mode] of modes) {
    mkdirSync(path, { recursive: true });
    chownSync(path, 0, MEMBER.gid);
    chmodSync(path, mode);
  }
  mkdirSync(dirname(state), { recursive: true, mode: 0o700 });
}

/** The keys of the config that differ from those of other tests. */
export const SHARED_CONFIG = { socket_mode: '0660', socket_group: MEMBER.gid } as const;

/** Reads the daemon's journal, whether a daemon runs or not. */
export function queryJournal({ state }: Layout, sql: string, ...parameters: unknown[]): unknown[] {
  const journal = new Database(state, { readonly: true });
  try {
    return journal.prepare(sql).all(...parameters);
  } finally {
    journal.close();
  }
}

export interface SharedOptions extends StartOptions {
  readonly config?: Record<string, unknown>;
}

/** Starts a daemon that shares its directories with the member. */
export function startShared(t: TestContext, options: SharedOptions = {}): Promise<TestDaemon> {
  const { config, arrange, ...rest } = options;
  return startDaemon(t, {
    ...rest,
    config: { ...SHARED_CONFIG, ...config },
    arrange: (at) => {
      shareWithGroup(at);
      arrange?.(at);
    },
  });
}

/** Prepares the directories of a daemon without starting it. */
export function prepareShared(t: TestContext): Layout {
  const at = prepare(testFolder(t), SHARED_CONFIG);
  shareWithGroup(at);
  return at;
}

/** Returns a function that starts daemons, which are killed when the test ends. Call it before the test's directory
 * is made. */
export function launcher(t: TestContext): (at: Layout) => Promise<TestDaemon> {
  const daemons: TestDaemon[] = [];
  t.after(() => Promise.all(daemons.map((daemon) => daemon.kill())));
  return async (at) => {
    const daemon = await launchDaemon(at);
    daemons.push(daemon);
    return daemon;
  };
}

/** Runs a script of this directory as a process that becomes a member. Its standard input ends with the test; the
 * script must then end by itself, since the jail does not end a process of another user. */
export function spawnMember(t: TestContext, folder: string, script: string, ...args: string[]): ChildProcess {
  const program = [process.execPath, join(import.meta.dirname, script), ...args];
  const [file, ...words] = jailed(folder, program) as [string, ...string[]];
  const env = { ...process.env, ...NO_COVERAGE };
  const child = spawn(file, words, { stdio: ['pipe', 'pipe', 'inherit'], env });
  t.after(() => child.stdin?.end());
  return child;
}

/** Starts a daemon that may also refuse to start. Fails if it does neither. */
export async function startOrRefuse(t: TestContext, at: Layout): Promise<TestDaemon | Exit> {
  const child = spawnDaemon(at);
  t.after(() => child.kill('SIGKILL'));
  const exited = exitOf(child);
  const listening = new Promise<TestDaemon>((resolve) => {
    let text = '';
    child.stderr?.on('data', (piece: Buffer) => {
      text += piece;
      const [, pid] = /"pid":(\d+),"msg":"listening"/.exec(text) ?? [];
      if (pid !== undefined) resolve(new TestDaemon(at, Number(pid), exited));
    });
  });
  return bounded('the daemon to listen or to refuse', Promise.race([listening, exited]));
}

/** Resolves as `promise` does, and rejects after the time that makes a process frozen. */
export async function bounded<T>(what: string, promise: Promise<T>, limitMs = FROZEN_AFTER_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${limitMs} ms in vain for ${what}`)), limitMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Asserts that the event loop of the daemon is not blocked. */
export async function assertAnswers(daemon: TestDaemon): Promise<void> {
  const { status } = await bounded('/healthz', look(adminSocket(daemon), '/healthz'));
  assert.equal(status, 200);
}

/** Files of root in a directory that the member cannot enter. */
export interface Canaries {
  readonly directory: string;
  readonly file: string;
  readonly empty: string;
  readonly database: string;
  /** A path without a file. */
  readonly absent: string;
}

export function plantCanaries(folder: string): Canaries {
  const directory = join(folder, 'secret');
  mkdirSync(directory, { mode: 0o700 });
  const [file, empty, database, absent] = ['file', 'empty', 'database', 'absent'].map((name) =>
    join(directory, name),
  ) as [string, string, string, string];
  writeFileSync(file, 'of root alone\n', { mode: 0o600 });
  writeFileSync(empty, '', { mode: 0o600 });
  const made = new Database(database);
  made.exec("CREATE TABLE secret (word TEXT); INSERT INTO secret VALUES ('of root alone')");
  made.close();
  chmodSync(database, 0o600);
  return { directory, file, empty, database, absent };
}

/** Returns an assertion that everything in `directory` is as it is now: content, mode, owner, times, links and inode. */
export function guard(directory: string): () => void {
  const before = snapshotOf(directory);
  return () => assert.deepEqual(changes(before, snapshotOf(directory)), []);
}

/** Runs statements in the shared database as the member does. */
export function execAsMember({ database }: Layout, sql: string): void {
  withDatabaseAsMember(database, (opened) => opened.exec(sql));
}

export function withDatabaseAsMember<T>(path: string, work: (database: Database.Database) => T): T {
  return actAsMember(() => {
    const opened = new Database(path);
    try {
      return work(opened);
    } finally {
      opened.close();
    }
  });
}
