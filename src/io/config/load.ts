import { existsSync } from 'node:fs';
import { basename, posix } from 'node:path';
import { Check } from 'typebox/value';
import { DaemonError } from '../../errors.ts';
import { normalise } from '../fs/paths.ts';
import { objectionToRoot } from '../fs/system-directories.ts';
import { withAccounts } from './config-accounts.ts';
import { type Given, readConfigFile, readSourceConfig } from './config-file.ts';
import { type Config, ConfigSchema, DEFAULTS, FOREIGN_KEYS, type GivenConfig } from './schema.ts';

/** Looked for in this order. The second is the API server's own. */
export const CONFIG_FILES = ['/etc/dbcalm/cmd-config.yml', '/etc/dbcalm/config.yml'];

const TEMP_ROOTS = ['/tmp'];

/** The keys that are taken from the API server's file: it says where the API server has its things, not what root does. */
const SHARED_KEYS = ['backup_dir', 'database_path', 'project_name'];

export interface LoadedConfig {
  readonly config: Config;
  /** The files that it was read from, by the names that were given and by where they really are. */
  readonly files: readonly string[];
  /** Things that the operator should know although the config is valid. */
  readonly warnings: readonly DaemonError[];
}

/** The config alone. As loadConfigFiles otherwise. */
export function loadConfig(file?: string, base?: string, files = CONFIG_FILES): Config {
  return loadConfigFiles(file, base, files).config;
}

/** The config of `file`, else of the first of `files` that exists, else the defaults. `base`: the directory that relative
 * paths of the sources' own config start from; in others they are errors. Throws CONFIG_UNTRUSTED, CONFIG_UNREADABLE and
 * CONFIG_INVALID. */
export function loadConfigFiles(file?: string, base?: string, files = CONFIG_FILES): LoadedConfig {
  const found = file ?? files.find((candidate) => existsSync(candidate));
  if (found === undefined) return { config: check('', withDefaults('', {})), files: [], warnings: [] };
  const { keys, place } = base === undefined ? readConfigFile(found) : readSourceConfig(found);
  const read = [...new Set([posix.resolve(found), place])];
  if (isApiServers(found)) {
    const { shared, ignored } = sharedOf(keys);
    const warnings = ignored.length === 0 ? [] : [keysIgnored(found, ignored)];
    return { config: check(found, withDefaults(found, shared)), files: read, warnings };
  }
  refuseUnknown(found, keys);
  const given = base === undefined ? keys : resolved(keys, base);
  const [own, apiServers] = files;
  // Without deletion_roots in our own file the backups are where the API server has them.
  const asksApiServer = file === undefined && found === own && given.deletion_roots === undefined;
  if (asksApiServer && apiServers !== undefined && existsSync(apiServers)) {
    const theirs = readConfigFile(apiServers);
    const config = check(found, withDefaults(apiServers, { ...given, backup_dir: theirs.keys.backup_dir }));
    return { config, files: [...read, apiServers, theirs.place], warnings: [] };
  }
  return { config: check(found, withDefaults(found, given)), files: read, warnings: [] };
}

/** Splits the keys of the API server's file into what is taken from it, and what only our own file may say. */
function sharedOf(given: Given) {
  const ours = Object.keys(ConfigSchema.properties);
  const isShared = ([key]: [string, unknown]) => SHARED_KEYS.includes(key);
  return {
    shared: Object.fromEntries(Object.entries(given).filter(isShared)),
    ignored: Object.keys(given).filter((key) => ours.includes(key) && !SHARED_KEYS.includes(key)),
  };
}

const keysIgnored = (file: string, keys: readonly string[]) =>
  new DaemonError('CONFIG_KEYS_IGNORED', `${file}: ${keys.join(', ')}`);

const isApiServers = (file: string) => basename(file) === 'config.yml';

/** The API server may have keys that we do not know; in our own file an unknown one is a slip of the pen. */
function refuseUnknown(file: string, given: Given): void {
  const known = Object.keys(ConfigSchema.properties);
  const unknown = Object.keys(given).find((key) => !known.includes(key));
  if (unknown === undefined) return;
  const name = JSON.stringify(unknown);
  const theirs = FOREIGN_KEYS.includes(unknown) ? "; it belongs into the API server's config.yml" : '';
  throw new DaemonError(
    'CONFIG_INVALID',
    `${file}: unknown key ${name}${theirs}; allowed are ${known.join(', ')}`,
  );
}

function withDefaults(file: string, given: Given): GivenConfig {
  const backups = given.backup_dir ?? '/var/backups/dbcalm';
  if (given.deletion_roots === undefined) refuseBackupFolder(file, backups);
  const config: Given = { ...DEFAULTS, deletion_roots: [backups, ...TEMP_ROOTS] };
  for (const key of Object.keys(ConfigSchema.properties)) {
    if (given[key] !== undefined && given[key] !== null) config[key] = given[key];
  }
  return config as GivenConfig;
}

/** It is the API server's key, and ours by default. */
function refuseBackupFolder(file: string, value: unknown): void {
  const isPath = typeof value === 'string' && value.startsWith('/');
  const why = isPath ? objectionToRoot(value) : 'it is no absolute path';
  if (why === undefined) return;
  throw new DaemonError('CONFIG_INVALID', `${file}: backup_dir is ${JSON.stringify(value)}: ${why}`);
}

function check(file: string, config: GivenConfig): Config {
  for (const [key, schema] of Object.entries(ConfigSchema.properties)) {
    const value = config[key as keyof GivenConfig];
    if (Check(schema, value)) continue;
    const { allowed } = schema as unknown as { allowed: string };
    const shown = JSON.stringify(value).slice(0, 200);
    throw new DaemonError('CONFIG_INVALID', `${file}: ${key} is ${shown}, allowed is ${allowed}`);
  }
  const deletion_roots = config.deletion_roots.map((root) => checkRoot(file, root));
  const unsafe_deletion_roots = config.unsafe_deletion_roots.map(normalise);
  const unmeant = unsafe_deletion_roots.find((root) => !deletion_roots.includes(root));
  if (unmeant !== undefined) {
    const why = 'it is not one of deletion_roots';
    throw new DaemonError(
      'CONFIG_INVALID',
      `${file}: unsafe_deletion_roots holds ${JSON.stringify(unmeant)}: ${why}`,
    );
  }
  return { ...withAccounts(file, config), deletion_roots, unsafe_deletion_roots };
}

function checkRoot(file: string, root: string): string {
  const why = objectionToRoot(root);
  if (why === undefined) return normalise(root);
  throw new DaemonError('CONFIG_INVALID', `${file}: deletion_roots holds ${JSON.stringify(root)}: ${why}`);
}

/** Of the development config: its paths are relative to the project. */
function resolved(given: Given, base: string): Given {
  const isPath = (key: string) => /_(path|file|dir)$|_roots$/.test(key);
  const absolute = (value: unknown) => (typeof value === 'string' ? posix.resolve(base, value) : value);
  const entries = Object.entries(given).map(([key, value]) => {
    if (!isPath(key)) return [key, value];
    return [key, Array.isArray(value) ? value.map(absolute) : absolute(value)];
  });
  return Object.fromEntries(entries);
}
