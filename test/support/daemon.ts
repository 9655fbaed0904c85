import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
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

/** The paths of a test daemon, all below its own directory. */
export function layout(folder: string) {
  return {
    folder,
    socket: join(folder, 'run', 'cmd.sock'),
    database: join(folder, 'lib', 'db.sqlite3'),
    state: join(folder, 'state', 'state.sqlite3'),
    cronFile: join(folder, 'cron.d', 'dbcalm'),
    log: join(folder, 'log', 'cmd.log'),
    /** The path of `/var/log/dbcalm` if `/var/log` is the log directory of the test. */
    cronLogs: join(folder, 'log', 'dbcalm'),
    backups: join(folder, 'backups'),
    configFile: join(folder, 'cmd-config.yml'),
  };
}

export type Layout = ReturnType<typeof layout>;

/** Creates the directories and the config of a daemon, without starting it. */
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
  // JSON is valid YAML.
  writeFileSync(at.configFile, JSON.stringify(whole), { mode: 0o644 });
  return at;
}

/** The program of the daemon's process: the daemon itself, or the daemon with code of the test around it. */
export interface Program {
  readonly main?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The arguments after --config. */
  readonly args?: readonly string[];
  /** A listening file descriptor, passed to the daemon as systemd does. */
  readonly listenFd?: number;
}

/** Starts a daemon, as root only in the jail. All daemons are started here. */
export function spawnDaemon(
  at: Layout,
  args: readonly string[] = ['--config', at.configFile],
  { main, env, listenFd }: Program = {},
): ChildProcess {
  const program = [...programWords(main), ...args];
  // Only the process itself knows its pid.
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

  /** Sends a deletion until it is accepted, and returns its id. Before that only 503 is allowed. */
  accepted(path: string): Promise<string> {
    return until(`a 202 for ${path}`, async () => {
      const { code, id, message } = await this.deletion(path);
      if (code !== 202 && code !== 503) throw new Error(`not accepted: ${code} ${message}`);
      return id;
    });
  }

  /** Sends a command that must be accepted, and waits for the end of its process. */
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

  /** Queries the shared database, or the journal if the statement names a table of the journal. */
  query(sql: string, ...parameters: unknown[]): unknown[] {
    const path = /\bcmd_\w+/.test(sql) ? this.at.state : this.at.database;
    const database = new Database(path, { readonly: true });
    try {
      return database.prepare(sql).all(...parameters);
    } finally {
      database.close();
    }
  }

  /** Returns the log lines from the byte `from` on. */
  logLines(from = 0): Record<string, unknown>[] {
    // The last line may be incomplete.
    const lines = readFileSync(this.at.log).subarray(from).toString().split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  /** Resolves with the log line that `matches`. Lines are written shortly after their events. */
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

  /** Kills the daemon if it is alive. Otherwise its pid may belong to another process. */
  async kill(): Promise<void> {
    if (!this.#gone) this.signal('SIGKILL');
    await this.exited;
  }

  /** Waits until every command of the daemon has an end, and returns all rows. */
  settled(): Promise<Row[]> {
    return until('the end of all commands', () => {
      const rows = this.rows();
      return rows.every(({ status }) => status !== 'running') && rows;
    });
  }
}

/** Starts a daemon whose directory is prepared, and resolves when it listens. */
export async function launchDaemon(at: Layout, program: Program = {}): Promise<TestDaemon> {
  const logged = statSync(at.log, { throwIfNoEntry: false })?.size ?? 0;
  const child = spawnDaemon(at, ['--config', at.configFile, ...(program.args ?? [])], program);
  const exited = exitOf(child);
  const first = await Promise.race([pidOf(child), exited]);
  if (typeof first !== 'number') throw new Error(`the daemon did not start: ${first.stderr}`);
  await Promise.race([sharedDatabaseOpened(at, logged), exited]);
  return new TestDaemon(at, first, exited);
}

/** How long a start waits for a shared database that neither opens nor is in trouble, such as a locked one. */
const OPENING_PATIENCE_MS = 5_000;

/** The daemon opens the shared database after it listens, and logs the result. */
async function sharedDatabaseOpened({ log }: Layout, from: number): Promise<void> {
  const deadline = Date.now() + OPENING_PATIENCE_MS;
  await until('the shared database to be open', () => {
    const isFile = statSync(log, { throwIfNoEntry: false })?.isFile() === true;
    const text = isFile ? readFileSync(log).subarray(from).toString() : '';
    return /"the shared database is open"|"DATABASE_TROUBLE"/.test(text) || Date.now() > deadline;
  });
}

type GivenConfig = Record<string, unknown>;

export interface StartOptions extends Program {
  readonly config?: GivenConfig | ((at: Layout) => GivenConfig);
  /** The directory of a daemon that was stopped. */
  readonly folder?: string;
  /** Called before the start. */
  readonly arrange?: (at: Layout) => void;
}

/** Starts a daemon that listens. It is killed when the test ends. */
export async function startDaemon(t: TestContext, options: StartOptions = {}): Promise<TestDaemon> {
  let kill = async () => {};
  // This hook comes before that of the directory: the daemon must end before its directory is removed.
  t.after(() => kill());
  const folder = options.folder ?? testFolder(t);
  const { config } = options;
  const at = prepare(folder, typeof config === 'function' ? config(layout(folder)) : config);
  options.arrange?.(at);
  const daemon = await launchDaemon(at, options);
  kill = () => daemon.kill();
  return daemon;
}

/** Returns the pid of the daemon, not of its jail, from the line that says that it listens. */
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
