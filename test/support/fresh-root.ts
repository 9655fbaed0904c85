/** A Debian of its own, with nothing in it that a new machine does not have. What runs in it cannot reach the host's files:
 * its root is the test's folder, and that is all there is. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { testFolder } from './folder.ts';
import { innermost } from './verb.ts';

const BWRAP = '/usr/bin/bwrap';
const NEEDED = ['/usr/sbin/debootstrap', '/usr/bin/dpkg-deb', BWRAP];

/** Made once, by the first who needs it; `npm ci` takes it away. */
const MASTER = join(import.meta.dirname, '../../node_modules/.cache/debian-root');

/** What the package depends on, and what the tests use as an operator does. */
const PACKAGES = [
  'systemd-standalone-sysusers',
  'systemd-standalone-tmpfiles',
  'netcat-openbsd',
  'logrotate',
];

/** Why none can be made here, or false. */
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

  /** Where a file of it is on the host. */
  path(inside: string): string {
    return join(this.folder, inside);
  }

  /** Runs a command as its root; gives what it prints. Throws where it fails. */
  run(...command: string[]): string {
    const { status, stdout, stderr } = this.attempt(...command);
    if (status !== 0) throw new Error(`${command.join(' ')} exited with ${status}: ${stdout}${stderr}`);
    return stdout;
  }

  attempt(...command: string[]): Ran {
    const { status, stdout, stderr } = spawnSync(BWRAP, this.#jail(command), { encoding: 'utf8' });
    return { status, stdout, stderr };
  }

  /** Starts what goes on, in an empty folder and with no more than the PATH of /bin. */
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

/** To what runs in it, not to what it is run by. */
export function signal(running: ChildProcess, name: NodeJS.Signals): void {
  process.kill(innermost(running.pid as number), name);
}
