/** Every error in one table: the message for the operator, and the remedy. */

export interface ErrorKind {
  /** The exit code if the start fails with it; undefined if the daemon continues. */
  readonly exit?: number;
  readonly message: string;
  readonly remedy: string;
}

export const ERRORS = {
  CONFIG_UNREADABLE: {
    exit: 78,
    message: 'the config file cannot be read',
    remedy: 'check that the file exists, that the daemon may read it and that it is YAML',
  },
  CONFIG_INVALID: {
    exit: 78,
    message: 'the config is not valid',
    remedy: 'correct the key that is named, or remove it to get its default',
  },
  CONFIG_UNTRUSTED: {
    exit: 78,
    message: 'cannot use the config: other users than root and that of the daemon can change it',
    remedy:
      "give the file and each directory above it to root, and let no other user write there (chown root, chmod go-w); if the file is the API server's own, write what the daemon needs into /etc/dbcalm/cmd-config.yml instead",
  },
  CONFIG_KEYS_IGNORED: {
    message:
      "cannot take keys from the API server's config, but for backup_dir, database_path and project_name",
    remedy: 'move the keys to /etc/dbcalm/cmd-config.yml, or remove them',
  },
  LOG_UNWRITABLE: {
    exit: 73,
    message: 'the log file cannot be opened',
    remedy: 'create its directory, make it writable for the daemon, or set cmd_log_file',
  },
  AUDIT_UNWRITABLE: {
    exit: 73,
    message: 'the audit log cannot be opened',
    remedy: 'create its directory, make it writable for the daemon, or set audit_log_file',
  },
  LOG_OCCUPIED: {
    message: 'cannot open a log: other users keep something else in its place',
    remedy:
      'move away what is there; meanwhile lines go to the file that was open, or to stderr, and the daemon tries again at SIGHUP and with later lines',
  },
  LOG_SET_ASIDE: {
    message: 'something else was in the place of a log, and was moved aside',
    remedy: 'find out which user put it there, and remove it',
  },
  STATE_UNTRUSTED: {
    exit: 74,
    message: 'cannot trust the directory of state_path',
    remedy:
      'give state_path a directory of its own that belongs to the user of the daemon, with mode 0700, where no other user can rename it',
  },
  SHARED_DATABASE_UNSAFE: {
    message: 'cannot use the shared database safely',
    remedy:
      'find out who put the named file there and move it away: database_path must be a plain file with one name, and no transaction may be left in a rollback journal',
  },
  DATABASE_UNUSABLE: {
    exit: 74,
    message: 'the database cannot be used',
    remedy:
      'check the named path: its directory must be writable for the daemon, and the file an SQLite database',
  },
  DATABASE_WITHOUT_ROOM: {
    exit: 74,
    message: 'there is no room for the database',
    remedy: 'make room on the disk that holds the named path, then start again',
  },
  DATABASE_IN_USE: {
    exit: 75,
    message: 'another daemon works on the database',
    remedy: 'stop it first, or set another state_path; one that drains ends by itself',
  },
  SHADOW_DATABASE: {
    exit: 74,
    message: 'a daemon in shadow mode and one that carries out cannot share a database',
    remedy:
      'give the one in shadow mode a state_path and a database_path of its own, where no file is yet; remove them after the trial',
  },
  DATABASE_UNREADABLE: {
    message: 'the database cannot be read',
    remedy:
      'check database_path in the config, and that you may read it: as root, or as a member of its group',
  },
  RECOVERY_TOO_SLOW: {
    exit: 74,
    message: 'what the last daemon left could not be settled in time',
    remedy: 'check that the database is writable and that no other process holds its lock, then start again',
  },
  SOCKET_IN_USE: {
    exit: 75,
    message: 'another daemon answers on the socket',
    remedy: 'stop it first, or set another socket_path',
  },
  SOCKET_OCCUPIED: {
    exit: 73,
    message: 'something that is not a socket is in the place of the socket',
    remedy: 'look at what it is and move it away, or set another socket_path; the daemon will not touch it',
  },
  SOCKET_SET_ASIDE: {
    message: 'something of another user was in the place of a socket, and was moved aside',
    remedy: 'find out which user put it there, and remove it',
  },
  SOCKET_UNUSABLE: {
    exit: 73,
    message: 'the socket cannot be opened',
    remedy:
      'check socket_path: its directory must be writable for the daemon, and the path shorter than 100 bytes',
  },
  ADMIN_UNUSABLE: {
    message: 'operators cannot look into the daemon; it goes on without',
    remedy:
      'check admin_socket_path (a free name in a directory that is writable for the daemon) and metrics_port, then restart the daemon',
  },
  SOCKET_ELSEWHERE: {
    message: 'the socket that systemd made is not the one of the config',
    remedy:
      'set socket_path to the path that clients use, or ListenStream= in a drop-in of dbcalm-cmd.socket',
  },
  NOTIFY_UNREACHABLE: {
    message: 'systemd cannot be told how the daemon is; it goes on',
    remedy: 'check that the unit has Type=notify and NotifyAccess=main; under others unset NOTIFY_SOCKET',
  },
  RECORD_UNWRITABLE: {
    message: 'requests and replies cannot be kept; the daemon goes on without',
    remedy:
      'check record: its directory must exist, be writable for the daemon and have room; then send SIGHUP',
  },
  RECORD_NOT_ROTATED: {
    message: 'cannot rotate the record: it cannot be renamed; nothing is recorded until it can',
    remedy: 'move away what has the name of the record with .1 behind it; the daemon tries again by itself',
  },
  STORE_UNAVAILABLE: {
    message: 'the database does not take the command',
    remedy: 'nothing was recorded and nothing will run: send it again once the database is writable',
  },
  DATABASE_TROUBLE: {
    message: 'the database cannot be written; new commands are refused, ends of running ones are kept',
    remedy: 'make room, give back the permissions or end what holds the lock: the daemon goes on by itself',
  },
  QUEUE_FULL: {
    message: 'too many commands are waiting',
    remedy: 'send it again later, or raise max_pending',
  },
  USER_QUEUE_FULL: {
    message: 'cannot accept the command: too many commands of this user are waiting',
    remedy: 'send it again later, or raise max_pending: one user gets at most three quarters of it',
  },
  MEMORY_BUDGET_FULL: {
    message: 'cannot take the request: other requests hold the memory that it needs',
    remedy: 'send it again later, or send it in several smaller requests',
  },
  SHUTTING_DOWN: {
    message: 'the daemon is shutting down',
    remedy: 'send it again when the daemon is back',
  },
  CHECK_TOO_SLOW: {
    message: 'the paths could not be looked at in time',
    remedy: 'look at the disk that holds them; nothing was recorded and nothing will run',
  },
  PREVIEW_TOO_SLOW: {
    message: 'what the cron file would become could not be shown in time',
    remedy: 'ask with fewer schedules, or look at the disk that holds cron_file; nothing was done',
  },
  TOO_MANY_CLIENTS: {
    message: 'too many clients of this user wait',
    remedy: 'find out who opens so many connections, or raise max_connections_per_user',
  },
  PEER_REFUSED: {
    message: 'this peer may not ask',
    remedy: 'list its user in allowed_uids, or a group of it in allowed_gids',
  },
  RATE_LIMITED: {
    message: 'too many requests',
    remedy: 'ask less often, or raise max_requests_per_second',
  },
  ACCEPT_TOO_SLOW: {
    message: 'the command was not recorded in time',
    remedy: 'look the command up in the process table before sending it again',
  },
  FOLDER_MOVED: {
    message: 'the folder above the path is not where the path says',
    remedy: 'no component of a path may be a symlink: give the real path',
  },
  MOUNTED: {
    message: 'a file system is mounted there',
    remedy: 'unmount it first, if it is to go; what is mounted is never deleted',
  },
  OWN_FILES: {
    message: 'the daemon keeps a file of its own there',
    remedy: 'give another path: what the daemon needs is never deleted',
  },
  ROOT_THERE: {
    message: 'a deletion root is there',
    remedy: 'give another path: what lies below a root may go, the root stays',
  },
  ROOT_UNTRUSTED: {
    message: 'cannot delete below a root that others can exchange',
    remedy:
      'give the directory to root, and let no other user write to the one above it (chown root, chmod go-w), or list it in unsafe_deletion_roots',
  },
  FOLDER_UNREACHABLE: {
    message: 'the folder above the path cannot be opened',
    remedy: 'check the permissions on the way to the path, and its length',
  },
  CHILD_NOT_STARTED: {
    message: 'the program could not be started',
    remedy: 'check that the program exists and that the daemon may run it',
  },
  STAGING_FAILED: {
    message: 'the new cron file could not be written; the old one is untouched',
    remedy: 'check that the directory of cron_file exists, is writable for the daemon and has room',
  },
  CRON_DIRECTORY_UNSAFE: {
    message: 'cannot replace the cron file: its directory can be changed by other users',
    remedy:
      'give the directory of cron_file and each directory above it to root, and take the write permission from group and others',
  },
  CRON_LOGS_UNSAFE: {
    message: 'cannot prepare the log files of the cron jobs: their directory is not safe',
    remedy: 'give the directory to root and set its sticky bit (chmod 3770); the cron file was not changed',
  },
  CRON_LOG_OCCUPIED: {
    message: 'cannot prepare a log file of the cron jobs: its place is taken',
    remedy:
      'check what is at the path and move it away: the daemon creates the file itself; the cron file was not changed',
  },
  CRON_LOGS_UNWRITABLE: {
    message: 'cannot create the log files of the cron jobs',
    remedy:
      'create the directory (install -d -m 3770), let the daemon write there and make room; the cron file was not changed',
  },
  INTERRUPTED: {
    message: 'interrupted by a restart of the daemon',
    remedy: 'it is not run again by itself: look at what is left, then send the command again',
  },
  EXPIRED: {
    message: 'expired',
    remedy: 'it was never started: send the command again if it is still wanted',
  },
  RECOVERED_TOO_OFTEN: {
    message: 'given up, since each daemon that took it over died before it could listen',
    remedy: 'report it with the log of the daemon; send the command again once the cause is known',
  },
  NOT_ALLOWED_ANY_MORE: {
    message: 'the config of the restarted daemon does not allow it any more',
    remedy: 'correct the config and send the command again, or leave it',
  },
  INTERNAL: {
    message: 'the daemon failed to handle this; it goes on',
    remedy: 'report it with the log lines of this id',
  },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERRORS;

/** An error of the table. `detail`: the specific cause, for example the path and the system's message. */
export class DaemonError extends Error {
  readonly code: ErrorCode;
  readonly detail: string;

  constructor(code: ErrorCode, detail = '', cause?: unknown) {
    super(`${ERRORS[code].message}${detail === '' ? '' : `: ${detail}`}`, { cause });
    this.name = 'DaemonError';
    this.code = code;
    this.detail = detail;
  }

  get remedy(): string {
    return ERRORS[this.code].remedy;
  }

  get exitCode(): number {
    return (ERRORS[this.code] as ErrorKind).exit ?? 70;
  }
}

/** Any thrown value as an error of the table. */
export function asDaemonError(error: unknown, code: ErrorCode = 'INTERNAL'): DaemonError {
  if (error instanceof DaemonError) return error;
  return new DaemonError(code, messageOf(error), error);
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
