/** The package in a fresh Debian, and its daemon, which the test starts there as systemd would. */
import { execFileSync } from 'node:child_process';
import { existsSync, rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { TestContext } from 'node:test';
import { DEB } from '../../packaging/project.ts';
import { exitOf } from './daemon.ts';
import type { FreshRoot } from './fresh-root.ts';
import { signal } from './fresh-root.ts';
import { until } from './until.ts';
import { innermost } from './verb.ts';

export const SOCKET = '/var/run/dbcalm/cmd.sock';
export const DATABASE = '/var/lib/dbcalm/db.sqlite3';

/** Installs a package file, also over another version. */
export function install(root: FreshRoot, deb: string): void {
  const inside = `/tmp/${basename(deb)}`;
  execFileSync('cp', [deb, root.path(inside)]);
  root.run('dpkg', '--install', inside);
  rmSync(root.path(inside));
}

/** Builds the same package with another version, next to the root. */
export function nextVersion(root: FreshRoot, version: string): string {
  const [tree, deb] = [`${root.folder}-tree`, `${root.folder}-${version}.deb`];
  execFileSync('dpkg-deb', ['--raw-extract', DEB, tree]);
  execFileSync('sed', ['-i', `s/^Version: .*/Version: ${version}/`, join(tree, 'DEBIAN/control')]);
  execFileSync('dpkg-deb', ['--root-owner-group', '-Znone', '--build', tree, deb], { stdio: 'ignore' });
  rmSync(tree, { recursive: true });
  return deb;
}

/** Starts the daemon, and resolves when it listens. */
export async function serve(t: TestContext, root: FreshRoot) {
  // As in the unit, the group of its socket is that of its process.
  const child = root.start('/bin/setpriv', '--regid=dbcalm', '--clear-groups', '/usr/bin/dbcalm-cmd');
  const exited = exitOf(child);
  t.after(() => child.kill('SIGKILL'));
  let ended: string | undefined;
  exited.then(({ stderr }) => {
    ended = stderr;
  });
  await until('the socket', () => {
    if (ended !== undefined) throw new Error(`the daemon did not start: ${ended}`);
    return root.attempt('/bin/sh', '-c', `printf x | nc -UN ${SOCKET}`).stdout !== '';
  });
  return {
    /** Returns whether the running program is the installed one. */
    isCurrent: () => {
      const running = statSync(`/proc/${innermost(child.pid as number)}/exe`).ino;
      return running === statSync(root.path('/usr/bin/dbcalm-cmd')).ino;
    },
    /** Sends the signal that logrotate causes. */
    reopen: () => {
      signal(child, 'SIGHUP');
      return until('the new log', () => existsSync(root.path('/var/log/dbcalm/cmd.log')));
    },
    stop: () => {
      signal(child, 'SIGTERM');
      return exited;
    },
  };
}

/** Sends one request as the README does, with Debian's `nc`. */
export function ask(root: FreshRoot, cmd: string, args: unknown) {
  const request = JSON.stringify({ cmd, args });
  const text = root.run('/bin/sh', '-c', `printf '%s' "$0" | nc -UN ${SOCKET}`, request);
  return JSON.parse(text) as { code: number; id?: string; message?: string };
}
