import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isSea } from 'node:sea';
import type { Command } from 'commander';
import { type LoadedConfig, loadConfigFiles } from '../io/config/load.ts';
import type { Config } from '../io/config/schema.ts';

/** The project's directory: `npm start` finds its config there, and creates ./var. */
const PROJECT = join(import.meta.dirname, '..', '..');
const DEVELOPMENT = join(PROJECT, 'config/development.yml');

/** Is this not what was made of it: the executable, or the package of npm? */
const isCheckout = () => !isSea() && existsSync(DEVELOPMENT);

export interface ConfigOptions {
  readonly config?: string;
  readonly development?: boolean;
}

export function withConfig(command: Command): Command {
  command.option('--config <file>', 'read this config file');
  if (!isCheckout()) return command;
  return command.option('--development', 'read config/development.yml: unprivileged, everything below ./var');
}

/** The config alone. As loadedConfigOf otherwise. */
export function configOf(options: ConfigOptions): Config {
  return loadedConfigOf(options).config;
}

/** In development the directories that the config names are made. */
export function loadedConfigOf(options: ConfigOptions): LoadedConfig {
  const found = readConfigFiles(options);
  if (options.config !== undefined || !options.development) return found;
  const { cron_file, deletion_roots } = found.config;
  for (const directory of [dirname(cron_file), ...deletion_roots]) mkdirSync(directory, { recursive: true });
  return found;
}

/** Creates no directory, for verbs that only read. */
export function readConfig(options: ConfigOptions): Config {
  return readConfigFiles(options).config;
}

export function readConfigFiles({ config, development }: ConfigOptions): LoadedConfig {
  if (config !== undefined || !development) return loadConfigFiles(config);
  return loadConfigFiles(DEVELOPMENT, PROJECT);
}
