import { existsSync } from 'node:fs';

const BWRAP = '/usr/bin/bwrap';

/** The command as it must be run. As root only in a jail in which all but the test's folder is read-only: daemons
 * delete, and a mistake must not cost the machine. An ordinary user needs none. */
export function jailed(folder: string, command: readonly string[]): string[] {
  if (process.getuid?.() !== 0) return [...command];
  if (!existsSync(BWRAP)) {
    throw new Error(
      'a daemon under test does not run as root without a jail: install bubblewrap, or be another user',
    );
  }
  const jail = ['--ro-bind', '/', '/', '--dev-bind', '/dev', '/dev', '--bind', '/proc', '/proc'];
  jail.push('--bind', folder, folder);
  // Where Node writes for the tests. In a jail within another it may be out of sight.
  for (const path of [process.env.NODE_V8_COVERAGE, process.env.NODE_COMPILE_CACHE]) {
    if (path) jail.push('--bind-try', path, path);
  }
  return [BWRAP, ...jail, '--die-with-parent', '--', ...command];
}
