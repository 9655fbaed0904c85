/** A fresh Debian with only the packages of a new machine. Processes in it cannot reach the files of the host, since
 * their root is the test's directory. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { testFolder } from './folder.ts';
import { innermost } from './verb.ts';

const BWRAP = '/usr/bin/bwrap';
const NEEDED = ['/usr/sbin/debootstrap', '/usr/bin/dpkg-deb', BWRAP];

/** Created once, by the first test that needs it. `npm ci` removes it. */
const MASTER = join(import.meta.dirname, '../../node_modules/.cache/debian-root');

/** The dependencies of the package, and the programs that the tests use as an operator. */
const PACKAGES = [
  'systemd-standalone-sysusers',
  'systemd-standalone-tmpfiles',
  'netcat-openbsd',
  'logrotate',
];

/** Returns why no Debian can be made here, or false. */
export function noFreshRoot(): string | false {
  if (process.getuid?.() !== 0) return 'only root makes a Debian';
  const missing = NEEDED.find((file) => !existsSync(file));
  return missing === undefined ? false : `${missing} is missing`;
}

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class FreshRoot {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** Returns the path on the host of a file in it. */
  path(inside: string): string {
    return join(this.folder, inside);
  }

  /** Runs a command as its root, and returns the output. Throws if the command fails. */
  run(...command: string[]): string {
    const { status, stdout, stderr } = this.attempt(...command);
    if (status !== 0) throw new Error(`${command.join(' ')} exited with ${status}: ${stdout}${stderr}`);
    return stdout;
  }

  attempt(...command: string[]): Ran {
    const { status, stdout, stderr } = spawnSync(BWRAP, this.#jail(command), { encoding: 'utf8' });
    return { status, stdout, stderr };
  }

  /** Starts a long-running command in an empty directory, with only /bin in its PATH. */
  start(...command: string[]): ChildProcess {
    mkdirSync(this.path('/srv/empty'), { recursive: true });
    return spawn(BWRAP, this.#jail(command, '/srv/empty', '/bin'), { stdio: ['ignore', 'ignore', 'pipe'] });
  }

  #jail(command: readonly string[], cwd = '/', path = '/usr/sbin:/usr/bin:/sbin:/bin'): string[] {
    return [
      ...['--bind', this.folder, '/', '--proc', '/proc', '--dev', '/dev', '--chdir', cwd],
      ...[
        '--unshare-pid',
        '--unshare-net',
        '--unshare-ipc',
        '--unshare-uts',
        '--new-session',
        '--die-with-parent',
      ],
      ...['--clearenv', '--setenv', 'PATH', path, '--setenv', 'DEBIAN_FRONTEND', 'noninteractive'],
      ...['--', ...command],
    ];
  }
}

export function freshRoot(t: TestContext): FreshRoot {
  makeMaster();
  const folder = join(testFolder(t), 'root');
  execFileSync('cp', ['-a', '--reflink=auto', MASTER, folder]);
  return new FreshRoot(folder);
}

function makeMaster(): void {
  if (existsSync(MASTER)) return;
  const unfinished = `${MASTER}.new`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(dirname(unfinished), { recursive: true });
  const wanted = ['--variant=minbase', `--include=${PACKAGES.join(',')}`];
  execFileSync('debootstrap', [...wanted, 'bookworm', unfinished], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  for (const name of ['var/cache/apt', 'var/lib/apt/lists', 'usr/share/locale'])
    rmSync(join(unfinished, name), { recursive: true, force: true });
  renameSync(unfinished, MASTER);
}

/** Sends a signal to the process in the jail, not to the jail. */
export function signal(running: ChildProcess, name: NodeJS.Signals): void {
  process.kill(innermost(running.pid as number), name);
}
