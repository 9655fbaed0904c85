import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { DaemonError, ERRORS } from '../../errors.ts';
import { stickyObjection } from '../../io/fs/trusted-path.ts';
import { probeSocket } from '../../io/socket/listen.ts';
import { isListenedAt } from '../../io/socket/unix-listeners.ts';
import { readUnit } from '../../io/systemd/unit-file.ts';
import { type Finding, Notes } from './finding.ts';
import { folderFinding } from './places.ts';

/** Of `sun_path`, without its end. Source: unix(7). */
const MAX_PATH_BYTES = 107;
const SOCKET_UNIT = 'dbcalm-cmd.socket';

/** Returns a warning for each directory whose sockets other users can rename: they could answer in place of the daemon. */
export function socketDirectoryFindings(paths: readonly string[]): Finding[] {
  const directories = [...new Set(paths.map((path) => dirname(path)))];
  return directories.flatMap((directory) => {
    const objection = objectionTo(directory);
    if (objection === undefined) return [];
    const found = `other users can move the socket away and answer in its place: ${objection}`;
    const remedy =
      'give the directory and each above it to root, with the sticky bit where others can write (chmod +t)';
    return [new Notes('socket directory', directory).warning(found, remedy)];
  });
}

function objectionTo(directory: string): string | undefined {
  try {
    return stickyObjection(directory);
  } catch (error) {
    // A directory that is not there yet is made with the sticky bit.
    return error instanceof DaemonError ? error.detail : undefined;
  }
}

export async function socketFinding(subject: string, path: string, key: string): Promise<Finding> {
  const notes = new Notes(subject, path);
  if (Buffer.byteLength(path) > MAX_PATH_BYTES)
    return notes.problem(`longer than the ${MAX_PATH_BYTES} bytes of a socket`, `set a shorter ${key}`);
  const folder = folderFinding(subject, dirname(path), true);
  if (folder.level !== 'ok') return { ...folder, path, found: `its folder: ${folder.found}` };
  if (subject === 'socket' && readUnit(undefined, SOCKET_UNIT) && isListenedAt(path))
    return notes.ok('somebody listens; not asked, since systemd would start a daemon for that');
  try {
    if ((await probeSocket(path)) === 'foreign')
      return notes.problem('another user has put something in its place', ERRORS.SOCKET_SET_ASIDE.remedy);
  } catch (error) {
    const { code, remedy } = error as DaemonError;
    if (code === 'SOCKET_IN_USE') return notes.ok('a daemon answers');
    return error instanceof DaemonError
      ? notes.problem('something that is not a socket is in its place', remedy)
      : notes.failed(error, `let the daemon write there, or set ${key}`);
  }
  return existsSync(path)
    ? notes.warning('stale: nobody answers', 'start the daemon: it puts its own in its place')
    : notes.ok('free; no daemon runs');
}
