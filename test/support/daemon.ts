import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import Database from 'better-sqlite3';
import { ask, type Reply, type SendOptions } from './client.ts';
import { testFolder } from './folder.ts';
import { jailed } from './jail.ts';
import { programWords, surroundings } from './program.ts';
import { until } from './until.ts';

export interface Row {
  id: number;
  command_id: string;
  command: string;
  pid: number;
  status: string;
  output: string | null;
  error: string | null;
  return_code: number | null;
  start_time: string;
  end_time: string | null;
  type: string;
  args: string;
}

export interface TransitionRow {
  process_id: number;
  command_id: string;
  from_state: string | null;
  to_state: string;
  event: string;
  at: string;
  why: string | null;
}

export interface Exit {
  readonly code: number | null;
  readonly stderr: string;
}

/** Where a test daemon has its things; all below its own folder. */
export function layout(folder: string) {
  return {
    folder,
    socket: join(folder, 'run', 'cmd.sock'),
    database: join(folder, 'lib', 'db.sqlite3'),
    state: join(folder, 'state', 'state.sqlite3'),
    cronFile: join(folder, 'cron.d', 'dbcalm'),
    log: join(folder, 'log', 'cmd.log'),
    /** As `/var/log/dbcalm` where `/var/log` is the log directory of the test. */
    cronLogs: join(folder, 'log', 'dbcalm'),
    backups: join(folder, 'backups'),
    configFile: join(folder, 'cmd-config.yml'),
  };
}

export type Layout = ReturnType<typeof layout>;

/** Makes the folders and the config of a daemon, without starting it. */
export function prepare(folder: string, config: Record<string, unknown> = {}): Layout {
  const at = layout(folder);
  for (const name of ['cron.d', 'backups', 'lib']) mkdirSync(join(folder, name), { recursive: true });
  const whole = {
    socket_path: at.socket,
    admin_socket_path: join(folder, 'run', 'cmd-admin.sock'),
    database_path: at.database,
    state_path: at.state,
    cron_file: at.cronFile,
    cron_log_dir: at.cronLogs,
    cmd_log_file: at.log,
    audit_log_file: join(folder, 'log', 'cmd-audit.log'),
    deletion_roots: [at.backups],
    cmd_log_level: 'debug',
    ...config,
  };
  // JSON is YAML.
  writeFileSync(at.configFile, JSON.stringify(whole), { mode: 0o644 });
  return at;
}

/** What runs in the daemon's process: itself, or itself with something of the test's around it. */
export interface Program {
  readonly main?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Behind --config. */
  readonly args?: readonly string[];
  /** A descriptor that listens, handed to it as systemd does. */
  readonly listenFd?: number;
}

/** The one place that starts daemons, as root only in the jail. */
export function spawnDaemon(
  at: Layout,
  args: readonly string[] = ['--config', at.configFile],
  { main, env, listenFd }: Program = {},
): ChildProcess {
  const program = [...programWords(main), ...args];
  // Only the process itself knows its number.
  const activated = [
    '/bin/sh',
    '-c',
    'LISTEN_FDS=1 LISTEN_FDNAMES=cmd LISTEN_PID=$$ exec "$@"',
    'sh',
    ...program,
  ];
  const command = jailed(at.folder, listenFd === undefined ? program : activated);
  const [file, ...words] = command as [string, ...string[]];
  const passed = listenFd === undefined ? [] : [listenFd];
  return spawn(file, words, { ...surroundings(env), stdio: ['pipe', 'pipe', 'pipe', ...passed] });
}

export function exitOf(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve) => {
    let stderr = '';
    child.stdout?.resume();
    child.stderr?.on('data', (piece: Buffer) => {
      stderr += piece;
    });
    child.on('close', (code) => resolve({ code, stderr }));
  });
}

export class TestDaemon {
  readonly at: Layout;
  readonly pid: number;
  readonly exited: Promise<Exit>;
  #gone = false;

  constructor(at: Layout, pid: number, exited: Promise<Exit>) {
    this.at = at;
    this.pid = pid;
    this.exited = exited.finally(() => {
      this.#gone = true;
    });
  }

  ask(request: unknown, options?: SendOptions): Promise<Reply> {
    return ask(this.at.socket, request, options);
  }

  deletion(path: string, options?: SendOptions): Promise<Reply> {
    return this.ask({ cmd: 'delete_directory', args: { path } }, options);
  }

  /** Sends a command that must be accepted and waits for the end of its process. */
  async carryOut(cmd: string, args: unknown): Promise<Row> {
    const reply = await this.ask({ cmd, args });
    if (reply.code !== 202) throw new Error(`not accepted: ${JSON.stringify(reply)}`);
    return this.ended(reply.id as string);
  }

  ended(commandId: string): Promise<Row> {
    return until(`the end of ${commandId}`, () => {
      const row = this.rows().find(({ command_id }) => command_id === commandId);
      return row && row.status !== 'running' ? row : undefined;
    });
  }

  rows(): Row[] {
    return this.query('SELECT * FROM process ORDER BY id') as Row[];
  }

  transitions(commandId: string): TransitionRow[] {
    return this.query(
      'SELECT * FROM cmd_transition WHERE command_id = ? ORDER BY id',
      commandId,
    ) as TransitionRow[];
  }

  /** Of the shared database; a statement that names a table of the journal is one of the journal. */
  query(sql: string, ...parameters: unknown[]): unknown[] {
    const path = /\bcmd_\w+/.test(sql) ? this.at.state : this.at.database;
    const database = new Database(path, { readonly: true });
    try {
      return database.prepare(sql).all(...parameters);
    } finally {
      database.close();
    }
  }

  /** From the byte `from` of the log on. */
  logLines(from = 0): Record<string, unknown>[] {
    // The last may be there in part.
    const lines = readFileSync(this.at.log).subarray(from).toString().split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  /** The log line that `matches`; log lines are written a little later than what they tell. */
  logged(
    what: string,
    matches: (line: Record<string, unknown>) => boolean,
  ): Promise<Record<string, unknown>> {
    return until(`the log line of ${what}`, () => this.logLines().find(matches));
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal);
  }

  stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Exit> {
    this.signal(signal);
    return this.exited;
  }

  /** Kills it, if it lives: its pid may be another's by now. */
  async kill(): Promise<void> {
    if (!this.#gone) this.signal('SIGKILL');
    await this.exited;
  }

  /** Waits until no command of ours is without an end, and gives all rows. */
  settled(): Promise<Row[]> {
    return until('the end of all commands', () => {
      const rows = this.rows();
      return rows.every(({ status }) => status !== 'running') && rows;
    });
  }
}

/** Starts a daemon whose folder is prepared, and resolves when it listens. */
export async function launchDaemon(at: Layout, program: Program = {}): Promise<TestDaemon> {
  const logged = statSync(at.log, { throwIfNoEntry: false })?.size ?? 0;
  const child = spawnDaemon(at, ['--config', at.configFile, ...(program.args ?? [])], program);
  const exited = exitOf(child);
  const first = await Promise.race([pidOf(child), exited]);
  if (typeof first !== 'number') throw new Error(`the daemon did not start: ${first.stderr}`);
  await Promise.race([sharedDatabaseOpened(at, logged), exited]);
  return new TestDaemon(at, first, exited);
}

/** How long a start waits for a shared database that neither opens nor is in trouble, as one that is locked. */
const OPENING_PATIENCE_MS = 5_000;

/** The daemon opens the shared database after it listens, and logs the result. */
async function sharedDatabaseOpened({ log }: Layout, from: number): Promise<void> {
  const deadline = Date.now() + OPENING_PATIENCE_MS;
  await until('the shared database to be open', () => {
    const text = existsSync(log) ? readFileSync(log).subarray(from).toString() : '';
    return /"the shared database is open"|"DATABASE_TROUBLE"/.test(text) || Date.now() > deadline;
  });
}

type GivenConfig = Record<string, unknown>;

export interface StartOptions extends Program {
  readonly config?: GivenConfig | ((at: Layout) => GivenConfig);
  /** An existing folder of a daemon that was stopped. */
  readonly folder?: string;
  /** Called before the start, to put things in place. */
  readonly arrange?: (at: Layout) => void;
}

/** A daemon that listens; it is killed when the test ends. */
export async function startDaemon(t: TestContext, options: StartOptions = {}): Promise<TestDaemon> {
  let kill = async () => {};
  // Before the folder's own hook: a daemon must be gone when its folder goes.
  t.after(() => kill());
  const folder = options.folder ?? testFolder(t);
  const { config } = options;
  const at = prepare(folder, typeof config === 'function' ? config(layout(folder)) : config);
  options.arrange?.(at);
  const daemon = await launchDaemon(at, options);
  kill = () => daemon.kill();
  return daemon;
}

/** The daemon's own pid, which is not the jail's, from the line that says that it listens. */
function pidOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    let text = '';
    child.stderr?.on('data', (piece: Buffer) => {
      text += piece;
      const found = /"pid":(\d+),"msg":"listening"/.exec(text);
      if (found) resolve(Number(found[1]));
    });
  });
}
