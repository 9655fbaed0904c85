/** Names of files and directories that are derived from an id or from the config. */
import { posix } from 'node:path';
import { DaemonError } from '../../errors.ts';
import type { Config } from '../config/schema.ts';

const ID = /^[A-Za-z0-9_-]{1,64}$/;

/** Whether `id` may become part of a file name. */
export function isId(id: string): boolean {
  return ID.test(id);
}

/** Returns the name of the file that is staged for `target`; cron ignores names that hold a dot. Throws where `id` is none. */
export function stagedName(target: string, id: string): string {
  if (!isId(id)) throw new DaemonError('STAGING_FAILED', `${JSON.stringify(id.slice(0, 80))} is no id`);
  return `.${posix.basename(target)}.${id}`;
}

/** Returns the directory that the lines of the cron file name for their logs. */
export function namedLogDirectory(projectName: string): string {
  return `/var/log/${projectName}`;
}

/** Returns where the log files of these lines are prepared. */
export function cronLogDirectory({
  cron_log_dir,
  project_name,
}: Pick<Config, 'cron_log_dir' | 'project_name'>): string {
  return cron_log_dir ?? namedLogDirectory(project_name);
}
