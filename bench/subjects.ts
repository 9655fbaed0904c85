import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { type Layout, prepare, TestDaemon } from '../test/support/daemon.ts';
import { hasProcessTable } from '../test/support/shared-database.ts';
import { until } from '../test/support/until.ts';
import { launch } from './launch.ts';
import { now } from './load/clock.ts';

const PROJECT = join(import.meta.dirname, '..');

/** More commands may be pending than by default, since the benchmark measures work, not refusals. */
const CONFIG = { cmd_log_level: 'info', max_pending: 100_000, max_requests_per_second: 1_000_000 };

/** A program that listens at a socket. */
export interface Running {
  readonly name: string;
  readonly pid: number;
  readonly socket: string;
  readonly backups: string;
  /** Resolves with the time when no work is left. */
  settled(): Promise<number>;
  stop(): Promise<void>;
}

export interface RunningDaemon extends Running {
  readonly at: Layout;
  readonly daemon: TestDaemon;
}

/** A build of the daemon. */
export interface Subject {
  readonly name: string;
  /** The executed command, without its arguments. */
  readonly command: readonly string[];
  start(folder: string, config?: Record<string, unknown>): Promise<RunningDaemon>;
}

function build(name: string, command: readonly string[]): Subject {
  return {
    name,
    command,
    start: (folder, config) => startDaemon(name, command, folder, { ...CONFIG, ...config }),
  };
}

/** The build that `npm start` runs. */
export const development = (): Subject => build('development', fromSource(PROJECT));

const fromSource = (project: string) => [
  process.execPath,
  '-r',
  join(project, 'src', 'pinned-node.cjs'),
  join(project, 'src', 'main.ts'),
];

/** Returns undefined if the executable was not built. */
export const executable = (file: string): Subject | undefined =>
  existsSync(file) ? build('executable', [file]) : undefined;

/** Returns the daemon of a commit, run from its source, or undefined if this clone lacks the commit. */
export function atCommit(name: string, commit: string, folder: string): Subject | undefined {
  const place = join(folder, `source-${commit}`);
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', PROJECT, ...args], {
      maxBuffer: 1 << 28,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  try {
    git('cat-file', '-e', `${commit}^{commit}`);
  } catch {
    return undefined;
  }
  mkdirSync(place);
  execFileSync('tar', ['-x', '-C', place], { input: git('archive', commit) });
  symlinkSync(join(PROJECT, 'node_modules'), join(place, 'node_modules'));
  return build(name, fromSource(place));
}

async function startDaemon(
  name: string,
  command: readonly string[],
  folder: string,
  config: Record<string, unknown>,
): Promise<RunningDaemon> {
  mkdirSync(folder, { recursive: true });
  const at = prepare(folder, config);
  const { pid, exited } = await launch(folder, [...command, '--config', at.configFile]);
  // The daemon opens it after it listens; the first request would wait for that.
  await until('the shared database to be open', () => hasProcessTable(at.database));
  const daemon = new TestDaemon(at, pid, exited);
  const { socket, backups } = at;
  const stop = async () => void (await daemon.stop());
  return { name, pid, at, socket, backups, daemon, stop, settled: () => emptied(at.state) };
}

/** Resolves when every command has an end. */
async function emptied(database: string): Promise<number> {
  const look = new Database(database, { readonly: true });
  const open = look.prepare('SELECT 1 FROM cmd_unsettled LIMIT 1');
  try {
    while (open.get() !== undefined) await wait(2);
    return now();
  } finally {
    look.close();
  }
}

export const stopAll = async (all: readonly { stop(): Promise<void> }[]): Promise<void> => {
  await Promise.all(all.map((one) => one.stop()));
};
