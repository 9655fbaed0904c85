import { relative } from 'node:path';
import type { Command } from 'commander';
import { asDaemonError } from '../errors.ts';
import type { Config } from '../io/config-schema.ts';
import { type ConfigOptions, configOf, withConfig } from './config-option.ts';
import { complain } from './verb.ts';

/** The verb that is taken when none is given. */
export function addDaemon(root: Command): void {
  withConfig(root.command('daemon', { isDefault: true }))
    .description('run the daemon in the foreground')
    .action(async (options: ConfigOptions) => {
      process.exit(await serve(options));
    });
}

async function serve(options: ConfigOptions): Promise<number> {
  try {
    const { runDaemon } = await import('../daemon.ts');
    const config = configOf(options);
    const greet = () => {
      if (options.development && options.config === undefined) console.log(greeting(config));
    };
    const { exitCode, failure } = await runDaemon(config, greet);
    if (failure) complain(failure);
    return exitCode;
  } catch (error) {
    const failure = asDaemonError(error);
    complain(failure);
    return failure.exitCode;
  }
}

function greeting({ socket_path, database_path, cmd_log_file, deletion_roots }: Config): string {
  const here = (path: string) => relative('', path);
  const backups = here(deletion_roots[0] as string);
  return [
    `dbcalm-cmd listens on ${here(socket_path)}; rows go to ${here(database_path)}, log lines to ${here(cmd_log_file)}.`,
    `It deletes below ${backups} alone. Talk to it from another terminal:`,
    `  npm run call -- delete_directory path=$PWD/${backups}/b1`,
    'Ctrl-C stops it.',
  ].join('\n');
}
