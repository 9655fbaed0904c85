import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isSea } from 'node:sea';
import type { Command } from 'commander';
import { loadConfig } from '../io/config.ts';
import type { Config } from '../io/config-schema.ts';

/** The project's folder: where `npm start` finds its config and makes ./var. */
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

export function configOf(options: ConfigOptions): Config {
  const found = readConfig(options);
  if (options.config !== undefined || !options.development) return found;
  for (const folder of [dirname(found.cron_file), ...found.deletion_roots])
    mkdirSync(folder, { recursive: true });
  return found;
}

/** Makes no folder, for who only looks. */
export function readConfig({ config, development }: ConfigOptions): Config {
  if (config !== undefined || !development) return loadConfig(config);
  return loadConfig(DEVELOPMENT, PROJECT);
}
