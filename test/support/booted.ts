/** A machine booted by systemd in a container, isolated from the host: without a network, and with no files of the
 * host except its programs. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { type BootedRoot, makeRoot, mountsOf } from './booted-root.ts';
import { ask, type Reply } from './client.ts';
import type { Row } from './daemon.ts';
import { testFolder } from './folder.ts';
import { hasCgroups, type OwnCgroup, ownCgroup } from './own-cgroup.ts';
import { until } from './until.ts';

const NEEDED = ['/usr/bin/systemd-nspawn', '/lib/systemd/systemd', '/usr/bin/dbus-daemon', '/usr/sbin/cron'];

/** Returns why no machine can be booted here, or false. */
export function noBoot(): string | false {
  if (process.getuid?.() !== 0) return 'only root boots a machine';
  if (!hasCgroups()) return 'there is no hierarchy of control groups';
  const missing = NEEDED.find((file) => !existsSync(file));
  return missing === undefined ? false : `${missing} is missing`;
}

export interface Ran {
  readonly code: number;
  readonly text: string;
}

export class BootedMachine {
  readonly at: BootedRoot;
  readonly #leader: number;

  constructor(at: BootedRoot, leader: number) {
    this.at = at;
    this.#leader = leader;
  }

  /** Returns the path on the host of a file of the machine, which may be in the machine's own /run. */
  path(inside: string): string {
    return join(`/proc/${this.#leader}/root`, inside);
  }

  get socket(): string {
    return this.path('/run/dbcalm/cmd.sock');
  }

  run(...command: readonly string[]): Promise<Ran> {
    const enter = ['-t', String(this.#leader), '-a', '--', ...command];
    return new Promise((resolve) => {
      execFile('/usr/bin/nsenter', enter, { timeout: 120_000, env: {} }, (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
        resolve({ code, text: `${stdout}${stderr}`.trim() });
      });
    });
  }

  /** Runs `systemctl`, which must succeed. */
  async systemctl(...args: readonly string[]): Promise<string> {
    const { code, text } = await this.run('/usr/bin/systemctl', ...args);
    if (code !== 0) throw new Error(`systemctl ${args.join(' ')}: ${text}\n${await this.journal()}`);
    return text;
  }

  async property(name: string, unit = 'dbcalm-cmd.service'): Promise<string> {
    return this.systemctl('show', '--value', '-p', name, unit);
  }

  async journal(): Promise<string> {
    return (await this.run('/usr/bin/journalctl', '-u', 'dbcalm-cmd*', '-o', 'cat', '--no-pager')).text;
  }

  ask(request: unknown): Promise<Reply> {
    return ask(this.socket, request);
  }

  rows(): Row[] {
    const database = new Database(join(this.at.root, 'var/lib/dbcalm/db.sqlite3'), { readonly: true });
    try {
      return database.prepare('SELECT * FROM process ORDER BY id').all() as Row[];
    } finally {
      database.close();
    }
  }

  settled(): Promise<Row[]> {
    return until('the end of all commands', () => {
      const rows = this.rows();
      return rows.every(({ status }) => status !== 'running') && rows;
    });
  }

  /** Polls until `look` is true. A timeout is reported with the journal of the machine. */
  async until(what: string, look: () => Promise<boolean>, patience = PATIENCE): Promise<void> {
    const deadline = Date.now() + patience;
    while (!(await look())) {
      if (Date.now() > deadline) throw new Error(`waited in vain for ${what}: ${await this.journal()}`);
      await wait(50);
    }
  }

  read(inside: string): string {
    return readFileSync(join(this.at.root, inside), 'utf8');
  }
}

/** Resolves when the machine is up and its daemon listens. `arrange` is called before the boot. */
export async function bootMachine(
  t: TestContext,
  arrange: (at: BootedRoot) => void = () => {},
): Promise<BootedMachine> {
  let stop = async () => {};
  // This hook comes before that of the directory: the machine must end before its directory is removed.
  t.after(() => stop());
  const at = makeRoot(testFolder(t));
  arrange(at);
  const cgroup = ownCgroup(at.folder);
  const { container, exited } = boot(at, cgroup);
  stop = async () => {
    await end(container, exited);
    cgroup.remove();
  };
  const leader = await until('the first process of the machine', () => leaderOf(container));
  const machine = new BootedMachine(at, leader);
  await machine.until(
    'the daemon to listen',
    async () => (await machine.run(...IS_ACTIVE)).text === 'active',
  );
  return machine;
}

const IS_ACTIVE = ['/usr/bin/systemctl', 'is-active', 'dbcalm-cmd.service'];
const TARGET = 'systemd.unit=multi-user.target';
const PATIENCE = 60_000;

function boot(at: BootedRoot, { inside }: OwnCgroup): { container: ChildProcess; exited: Promise<void> } {
  const options = [
    '--register=no',
    '--keep-unit',
    '--private-network',
    '--console=pipe',
    '--kill-signal=SIGRTMIN+3',
  ];
  const nspawn = ['systemd-nspawn', '-q', '-D', at.root, ...options, ...mountsOf(at)];
  // The machine ends with the test that booted it.
  const [shell, ...words] = inside(['setpriv', '--pdeathsig', 'KILL', '--', ...nspawn, '-b', TARGET]);
  const env = { PATH: process.env.PATH, SYSTEMD_NSPAWN_UNIFIED_HIERARCHY: '1' };
  const container = spawn(shell as string, words, { stdio: 'ignore', env });
  return { container, exited: new Promise((resolve) => container.once('close', () => resolve())) };
}

/** Children of nspawn come and go until one of them is systemd, the first process of its own namespace. */
function leaderOf({ pid, exitCode }: ChildProcess): number | undefined {
  if (exitCode !== null) throw new Error(`systemd-nspawn ended with ${exitCode}`);
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
  return children.map(Number).find((child) => {
    try {
      return /^Name:\tsystemd\n[\s\S]*^NSpid:.*\t1$/m.test(readFileSync(`/proc/${child}/status`, 'utf8'));
    } catch {
      return false;
    }
  });
}

/** Shuts the machine down, by force if necessary. Both end every process in it. */
async function end(container: ChildProcess, exited: Promise<void>): Promise<void> {
  container.kill('SIGTERM');
  const force = setTimeout(() => container.kill('SIGKILL'), 30_000);
  await exited;
  clearTimeout(force);
}
