/** The files of a machine that systemd boots: the /usr of the host with the daemon installed over it, and its own
 * /etc, /var and /run. */
import {
  chmodSync,
  chownSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';

const PROJECT = join(import.meta.dirname, '..', '..');
/** An executable to be tested instead of the sources: a directory like /usr, as the package holds it. */
const SHIPPED = process.env.DBCALM_CMD_USR;

export const isShipped = SHIPPED !== undefined;

/** A gid that is free on the host, which may lack a group of this name. */
export const GROUP = { name: 'dbcalm', gid: 877 };

export interface BootedRoot {
  readonly folder: string;
  /** The directory that becomes `/`. */
  readonly root: string;
  /** The files in /usr of the machine that differ from those of the host. */
  readonly usr: string;
  /** The path inside the machine below which the daemon deletes. Its name is unique to this test, so that it exists
   * nowhere else. */
  readonly backups: string;
}

export function makeRoot(folder: string): BootedRoot {
  const [root, usr] = [join(folder, 'root'), join(folder, 'usr')];
  const backups = `/srv/${basename(folder)}/backups`;
  for (const name of [
    'usr',
    'run',
    'proc',
    'sys',
    'dev',
    'tmp',
    'root',
    'var/tmp',
    'var/spool/cron/crontabs',
  ])
    mkdirSync(join(root, name), { recursive: true });
  for (const name of ['bin', 'sbin', 'lib', 'lib64'])
    if (existsSync(`/${name}`)) symlinkSync(`usr/${name}`, join(root, name));
  symlinkSync('/run', join(root, 'var/run'));
  mkdirSync(join(root, backups), { recursive: true });
  for (const name of ['var/lib/dbcalm', 'var/log/dbcalm']) {
    mkdirSync(join(root, name), { recursive: true });
    chownSync(join(root, name), 0, GROUP.gid);
    chmodSync(join(root, name), 0o3770);
  }
  makeEtc(join(root, 'etc'), backups);
  install(usr, backups);
  return { folder, root, usr, backups };
}

function makeEtc(etc: string, backups: string): void {
  for (const name of ['cron.d', 'systemd/system', 'dbcalm']) mkdirSync(join(etc, name), { recursive: true });
  for (const name of ['nsswitch.conf', 'ld.so.cache']) copyFileSync(join('/etc', name), join(etc, name));
  for (const name of ['pam.d', 'security', 'alternatives'])
    cpSync(join('/etc', name), join(etc, name), { recursive: true, verbatimSymlinks: true });
  copyFileSync('/usr/lib/os-release', join(etc, 'os-release'));
  const others = readFileSync('/etc/group', 'utf8').replace(/^dbcalm:.*\n/gm, '');
  writeFileSync(join(etc, 'group'), `${others}${GROUP.name}:x:${GROUP.gid}:\n`);
  copyFileSync('/etc/passwd', join(etc, 'passwd'));
  writeFileSync(join(etc, 'shadow'), 'root:*:20000:0:99999:7:::\n', { mode: 0o640 });
  writeFileSync(join(etc, 'crontab'), '');
  writeFileSync(join(etc, 'machine-id'), '');
  writeFileSync(join(etc, 'dbcalm/cmd-config.yml'), JSON.stringify({ deletion_roots: [backups] }));
}

/** Installs the units as the package does. */
function install(usr: string, backups: string): void {
  const units = join(usr, 'lib/systemd/system');
  for (const name of ['bin', 'lib/tmpfiles.d', 'lib/dbcalm-cmd/node_modules'])
    mkdirSync(join(usr, name), { recursive: true });
  for (const [unit, target] of [
    ['dbcalm-cmd.service', 'multi-user.target'],
    ['dbcalm-cmd.socket', 'sockets.target'],
    ['cron.service', 'multi-user.target'],
  ] as const) {
    mkdirSync(join(units, `${target}.wants`), { recursive: true });
    symlinkSync(`../${unit}`, join(units, `${target}.wants`, unit));
    if (unit !== 'cron.service') copyFileSync(join(PROJECT, 'systemd', unit), join(units, unit));
  }
  copyFileSync(join(PROJECT, 'systemd/dbcalm-cmd.tmpfiles'), join(usr, 'lib/tmpfiles.d/dbcalm-cmd.conf'));
  dropIn(usr, 'dbcalm-cmd.service', 'test', ['[Service]', `ReadWritePaths=${backups}`]);
  // The program that the jobs of the crontab call.
  writeProgram(join(usr, 'bin/dbcalm'), 'echo called with "$@"');
  if (SHIPPED === undefined) installSources(usr);
  else cpSync(SHIPPED, usr, { recursive: true, verbatimSymlinks: true });
}

/** Leaves the units in place, but disables them. */
export function disableUnits(usr: string): void {
  const units = join(usr, 'lib/systemd/system');
  rmSync(join(units, 'multi-user.target.wants', 'dbcalm-cmd.service'));
  rmSync(join(units, 'sockets.target.wants', 'dbcalm-cmd.socket'));
}

function installSources(usr: string): void {
  const lib = join(usr, 'lib/dbcalm-cmd');
  cpSync(join(PROJECT, 'src'), join(lib, 'src'), { recursive: true });
  copyFileSync(join(PROJECT, 'package.json'), join(lib, 'package.json'));
  const at = '/usr/lib/dbcalm-cmd';
  const node = `${at}/node_modules/.bin/node`;
  writeProgram(
    join(usr, 'bin/dbcalm-cmd'),
    `exec ${node} -r ${at}/src/pinned-node.cjs ${at}/src/main.ts "$@"`,
  );
}

export function writeProgram(path: string, line: string): void {
  writeFileSync(path, `#!/bin/sh\n${line}\n`, { mode: 0o755 });
}

/** Writes a drop-in of a unit, as `systemctl edit` does. */
export function dropIn(usr: string, unit: string, name: string, lines: readonly string[]): void {
  const folder = join(usr, 'lib/systemd/system', `${unit}.d`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.conf`), `${lines.join('\n')}\n`);
}

/** The files of the host that nspawn shows: only programs, read-only. */
export function mountsOf({ usr }: BootedRoot): string[] {
  const modules = `--bind-ro=${join(PROJECT, 'node_modules')}:/usr/lib/dbcalm-cmd/node_modules`;
  return [`--overlay=/usr:${usr}:/usr`, ...(isShipped ? [] : [modules])];
}
