import { existsSync } from 'node:fs';

const BWRAP = '/usr/bin/bwrap';

/** Returns the command as it must be run. Root runs it in a jail in which only the test's directory is writable,
 * since daemons delete files and a mistake must not damage the machine. An ordinary user needs no jail. */
export function jailed(folder: string, command: readonly string[]): string[] {
  if (process.getuid?.() !== 0) return [...command];
  if (!existsSync(BWRAP)) {
    throw new Error(
      'a daemon under test does not run as root without a jail: install bubblewrap, or be another user',
    );
  }
  const jail = ['--ro-bind', '/', '/', '--dev-bind', '/dev', '/dev', '--bind', '/proc', '/proc'];
  jail.push('--bind', folder, folder);
  // The paths to which Node writes for the tests. They may not exist in a nested jail.
  for (const path of [process.env.NODE_V8_COVERAGE, process.env.NODE_COMPILE_CACHE]) {
    if (path) jail.push('--bind-try', path, path);
  }
  return [BWRAP, ...jail, '--die-with-parent', '--', ...command];
}
