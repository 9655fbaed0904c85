import { existsSync, readFileSync } from 'node:fs';
import { basename, posix } from 'node:path';
import { loadAll } from 'js-yaml';
import { Check } from 'typebox/value';
import { DaemonError, messageOf } from '../errors.ts';
import { withAccounts } from './config-accounts.ts';
import { type Config, ConfigSchema, DEFAULTS, FOREIGN_KEYS, type GivenConfig } from './config-schema.ts';
import { normalise } from './paths.ts';
import { objectionToRoot } from './system-folders.ts';

/** Looked for in this order. The second is the API server's own. */
export const CONFIG_FILES = ['/etc/dbcalm/cmd-config.yml', '/etc/dbcalm/config.yml'];

const TEMP_ROOTS = ['/var/lib/dbcalm/tmp', '/tmp'];

type Given = Record<string, unknown>;

/** The config of `file`, else of the first of `files` that exists, else the defaults. `base`: the folder that relative
 * paths start from; without it they are errors. Throws CONFIG_UNREADABLE and CONFIG_INVALID. */
export function loadConfig(file?: string, base?: string, files = CONFIG_FILES): Config {
  const found = file ?? files.find((candidate) => existsSync(candidate));
  if (found === undefined) return check('', withDefaults('', {}));
  const given = base === undefined ? read(found) : resolved(read(found), base);
  refuseUnknown(found, given);
  const [own, apiServers] = files;
  // In our own file the backups are where the API server has them, unless it says otherwise.
  if (file === undefined && found === own && apiServers !== undefined && existsSync(apiServers)) {
    return check(found, withDefaults(apiServers, { backup_dir: read(apiServers).backup_dir, ...given }));
  }
  return check(found, withDefaults(found, given));
}

function read(file: string): Given {
  let value: unknown;
  try {
    value = documentOf(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new DaemonError('CONFIG_UNREADABLE', `${file}: ${messageOf(error)}`, error);
  }
  if (value === null || value === undefined) return {};
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw new DaemonError('CONFIG_INVALID', `${file} must hold keys with values`);
  }
  return value as Given;
}

/** Undefined: there is nothing in it but comments. */
function documentOf(yaml: string): unknown {
  const [document, ...more] = loadAll(yaml);
  if (more.length > 0) throw new Error('it holds more than one document');
  return document;
}

const isApiServers = (file: string) => basename(file) === 'config.yml';

/** The API server may have keys that we do not know; in our own file an unknown one is a slip of the pen. */
function refuseUnknown(file: string, given: Given): void {
  if (isApiServers(file)) return;
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
  return { ...withAccounts(file, config), deletion_roots };
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
