/** The directories of the package, created by its postinst and systemd-tmpfiles as on a machine, but below a test's
 * directory. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jailed } from './jail.ts';
import { MEMBER, noMember } from './member.ts';

const PROJECT = join(import.meta.dirname, '..', '..');
const TMPFILES = '/usr/bin/systemd-tmpfiles';
const BWRAP = '/usr/bin/bwrap';

/** Returns why they cannot be created, or false. */
export function noPackagedDirectories(): string | false {
  return noMember() || (!existsSync(TMPFILES) && `${TMPFILES} is missing`);
}

/** A machine that has only the directories of every Debian, below a test's directory. */
export class BareMachine {
  readonly folder: string;
  readonly #root: string;

  constructor(folder: string) {
    this.folder = folder;
    this.#root = join(folder, 'machine');
    for (const name of ['etc', 'bin', 'run', 'var/lib', 'var/log', 'var/backups', 'usr/lib/tmpfiles.d'])
      mkdirSync(this.path(name), { recursive: true });
    // The member must be able to pass through.
    for (const path of [folder, this.#root]) chmodSync(path, 0o755);
    writeFileSync(this.path('etc/passwd'), 'root:x:0:0::/root:/bin/sh\n');
    writeFileSync(this.path('etc/group'), `root:x:0:\ndbcalm:x:${MEMBER.gid}:\n`);
    const lines = readFileSync(join(PROJECT, 'systemd/dbcalm-cmd.tmpfiles'));
    writeFileSync(this.path('usr/lib/tmpfiles.d/dbcalm-cmd.conf'), lines);
    this.#program('systemd-tmpfiles', `exec ${TMPFILES} --root=${this.#root} "$@"`);
    for (const name of ['systemd-sysusers', 'deb-systemd-helper', 'deb-systemd-invoke', 'systemctl'])
      this.#program(name, 'exit 0');
  }

  /** Returns the path of one of its files. */
  path(inside: string): string {
    return join(this.#root, inside);
  }

  /** Runs a script of the package as dpkg does, with all paths inside the machine. Throws if it fails. */
  maintain(name: 'postinst' | 'postrm', action: 'configure' | 'purge'): void {
    const script = readFileSync(join(PROJECT, 'packaging/debian', name), 'utf8');
    const places = /(?<![\w/])\/(?=(?:var|run|usr\/lib)\/)/g;
    const status = this.run(script.replaceAll('@UNITS@', '').replaceAll(places, `${this.#root}/`), action);
    if (status !== 0) throw new Error(`${name} ${action} exited with ${status}`);
  }

  install(): void {
    this.maintain('postinst', 'configure');
  }

  /** Runs a shell script as root with the programs and groups of the machine. It can write only below the test's
   * directory. */
  run(script: string, ...args: string[]): number | null {
    const groups = [BWRAP, '--dev-bind', '/', '/', '--ro-bind', this.path('etc/group'), '/etc/group', '--'];
    const command = jailed(this.folder, [...groups, '/bin/sh', '-c', script, 'sh', ...args]);
    const [file, ...words] = command as [string, ...string[]];
    const env = { PATH: `${this.path('bin')}:/usr/sbin:/usr/bin:/sbin:/bin`, LC_ALL: 'C' };
    const { status, error } = spawnSync(file, words, { encoding: 'utf8', env });
    if (error) throw error;
    return status;
  }

  #program(name: string, line: string): void {
    writeFileSync(this.path(join('bin', name)), `#!/bin/sh\n${line}\n`, { mode: 0o755 });
  }
}
