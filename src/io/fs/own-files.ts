import { DaemonError } from '../../errors.ts';
import type { Config } from '../config/schema.ts';
import { deletionRootPlace } from './trusted-path.ts';

/** The files that the daemon needs, wherever the config puts them: they are never deleted. */
export function listOwnFiles(config: Config): string[] {
  const { database_path, state_path, socket_path, admin_socket_path, cron_file } = config;
  const { cmd_log_file, audit_log_file, record } = config;
  const databases = [database_path, state_path].flatMap((path) =>
    DATABASE_SUFFIXES.map((suffix) => path + suffix),
  );
  const records = record === null ? [] : [record, `${record}.1`];
  return [...databases, socket_path, admin_socket_path, cron_file, cmd_log_file, audit_log_file, ...records];
}

/** Of the files of a database: SQLite's, and those of the lock that keeps a second daemon away. */
const DATABASE_SUFFIXES = ['', '-wal', '-shm', '-journal', '-lock', '-lock-journal'];

/** Why deletions below some roots will be refused. It is no reason not to start: the others, and cron updates, go on. */
export function untrustedRoots({ deletion_roots, unsafe_deletion_roots }: Config): DaemonError[] {
  return deletion_roots.flatMap((root) => {
    try {
      deletionRootPlace(root, unsafe_deletion_roots);
    } catch (error) {
      // One that is not there yet is looked at when it is used.
      if (error instanceof DaemonError) return [error];
    }
    return [];
  });
}
