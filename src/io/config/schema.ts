import * as Type from 'typebox';

const folder = Type.String({ pattern: '^/[^\\u0000-\\u001f\\u007f]*$' });
const file = (about: string) =>
  Type.String({
    pattern: '^/([^\\u0000-\\u001f\\u007f]*[^/\\u0000-\\u001f\\u007f])$',
    allowed: 'an absolute path of a file',
    description: about,
  });
const count = (about: string, maximum: number) =>
  Type.Integer({ minimum: 1, maximum, allowed: `a whole number from 1 to ${maximum}`, description: about });

const Account = Type.Union([Type.String({ pattern: '^[^:\\s]+$' }), Type.Integer({ minimum: 0 })]);
const account = (what: string, about: string) =>
  Type.Union([Account, Type.Null()], { allowed: `the name or the number of a ${what}`, description: about });
const accounts = (what: string, about: string) =>
  Type.Union([Type.Array(Account), Type.Null()], {
    allowed: `a list of names or numbers of ${what}`,
    description: about,
  });

/** Every key of the daemon's config. `allowed`: the valid values, as an error message states them. */
export const ConfigSchema = Type.Object({
  project_name: Type.String({
    pattern: '^[a-z0-9_-]{1,32}$',
    allowed: 'at most 32 of a-z, 0-9, _ and -',
    description: 'names the log directory in the cron file',
  }),
  database_path: file('the database that is shared with the API server'),
  state_path: file("the daemon's own database, for root alone"),
  socket_path: file('where clients connect'),
  admin_socket_path: file('where operators connect'),
  metrics_port: Type.Union([Type.Integer({ minimum: 1, maximum: 65_535 }), Type.Null()], {
    allowed: 'a port number, or null for none',
    description: 'on the loopback, for a scraper: GET /metrics, and nothing else',
  }),
  cron_file: Type.String({
    pattern: '^/([^\\u0000-\\u001f\\u007f]*/)?[A-Za-z0-9_-]+$',
    allowed: 'an absolute path whose name holds letters, digits, _ and - only: cron ignores others',
    description: 'the file that update_cron_schedules replaces',
  }),
  cron_log_dir: Type.Union([folder, Type.Null()], {
    allowed: 'an absolute path of a directory, or null for /var/log/<project_name>',
    description:
      "where the log files of the cron file's lines are prepared; the lines themselves always name /var/log/<project_name>",
  }),
  cmd_log_file: file('JSON lines; SIGHUP reopens it'),
  cmd_log_level: Type.String({
    pattern: '^(trace|debug|info|warn|error|fatal|silent)$',
    allowed: 'trace, debug, info, warn, error, fatal or silent',
    description: 'the lowest level that is logged',
  }),
  audit_log_file: file('one JSON line for each command accepted, refused or ended'),
  deletion_roots: Type.Array(folder, {
    minItems: 1,
    allowed: 'a list of absolute paths, none of them a system directory',
    description: 'the daemon deletes only paths strictly below one of these',
  }),
  unsafe_deletion_roots: Type.Array(folder, {
    allowed: 'a list of deletion_roots',
    description: 'roots that are used although other users own them, or can rename them',
  }),
  socket_mode: Type.String({
    pattern: '^0?[0-7]{3}$',
    allowed: "an octal mode in quotes, such as '0660'",
    description: 'the mode of the socket, from its creation on',
  }),
  socket_owner: account('user', 'the owner of the socket; null: the user of the daemon'),
  socket_group: account('group', 'the group of the socket; null: the group of the daemon'),
  allowed_uids: accounts(
    'users',
    'users that may send requests; with both lists null, every user that can connect',
  ),
  allowed_gids: accounts('groups', 'groups whose members may send requests'),
  max_requests_per_second: count('requests per second per user; further requests get 429', 1_000_000),
  max_connections_per_user: count(
    'connections at once per user; further ones wait, and hold up no other user',
    10_000,
  ),
  max_running: count('children at once', 256),
  max_pending: count('accepted commands that wait', 100_000),
  max_connections: count('clients at once; further ones wait', 10_000),
  pending_expires_minutes: count('after a restart, commands that waited longer are not started', 525_600),
  transitions_max_days: count('the age at which transitions are removed', 36_500),
  transitions_max_count: count('the number of transitions that are kept', 1_000_000_000),
  max_output_bytes: count('bytes that are kept of each stream of a child', 64 * 1024 * 1024),
  record: Type.Union([file('keeps'), Type.Null()], {
    allowed: 'an absolute path of a file, or null for none',
    description: 'keeps each request with its reply, for `dbcalm-cmd compare`; SIGHUP reopens it',
  }),
  record_max_bytes: Type.Integer({
    minimum: 1_048_576,
    allowed: 'a whole number from 1048576',
    description:
      'the size of the record and its predecessor together; the predecessor has .1 appended to its name',
  }),
  shadow: Type.Boolean({
    allowed: 'true or false',
    description: 'commands are checked, planned and recorded, and nothing is carried out',
  }),
});

/** As it stands in the file, with defaults. */
export type GivenConfig = Type.Static<typeof ConfigSchema>;

/** As the daemon uses it: users and groups are numbers. */
export interface Config extends GivenConfig {
  socket_owner: number | null;
  socket_group: number | null;
  allowed_uids: number[] | null;
  allowed_gids: number[] | null;
}

/** The contract's defaults. `deletion_roots` also depends on the API server's `backup_dir`. */
export const DEFAULTS: Omit<Config, 'deletion_roots'> = {
  project_name: 'dbcalm',
  database_path: '/var/lib/dbcalm/db.sqlite3',
  state_path: '/var/lib/dbcalm-cmd/state.sqlite3',
  socket_path: '/var/run/dbcalm/cmd.sock',
  admin_socket_path: '/var/run/dbcalm/cmd-admin.sock',
  metrics_port: null,
  cron_file: '/etc/cron.d/dbcalm',
  cron_log_dir: null,
  cmd_log_file: '/var/log/dbcalm/cmd.log',
  cmd_log_level: 'info',
  audit_log_file: '/var/log/dbcalm/cmd-audit.log',
  unsafe_deletion_roots: [],
  socket_mode: '0666',
  socket_owner: null,
  socket_group: null,
  allowed_uids: null,
  allowed_gids: null,
  max_requests_per_second: 20_000,
  max_connections_per_user: 128,
  max_running: 8,
  max_pending: 1000,
  max_connections: 256,
  pending_expires_minutes: 60,
  transitions_max_days: 90,
  transitions_max_count: 1_000_000,
  max_output_bytes: 1024 * 1024,
  record: null,
  record_max_bytes: 64 * 1024 * 1024,
  shadow: false,
};

/** Keys of the API server's own file. */
export const FOREIGN_KEYS: readonly string[] = [
  'db_type',
  'backup_dir',
  'data_dir',
  'ssl_cert',
  'ssl_key',
  'jwt_secret_key',
  'jwt_algorithm',
  'cors_origins',
  'api_host',
  'api_port',
  'log_file',
  'log_level',
];
