import { relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { asDaemonError } from '../errors.ts';
import type { Config } from '../io/config/schema.ts';
import { type ConfigOptions, loadedConfigOf, withConfig } from './config-option.ts';
import { complain, perform, VerbFailure, withExamples } from './verb.ts';

/** The verb that is taken when none is given. */
export function addDaemon(root: Command): void {
  const verb = root
    .command('daemon', { isDefault: true })
    .description('run the daemon in the foreground')
    .option('--record <file>', 'keep what is asked and answered in this file, whatever the config says')
    .allowExcessArguments();
  withExamples(withConfig(verb), 'daemon --config /etc/dbcalm/cmd-config.yml').action(
    async (options: DaemonOptions, { args: [word] }: Command) => {
      // An unknown verb leads here as well.
      if (word !== undefined) return perform(() => Promise.reject(unknownVerb(word)));
      process.exit(await serve(options));
    },
  );
}

const unknownVerb = (word: string) =>
  new VerbFailure(`there is no verb ${JSON.stringify(word)}`, 'dbcalm-cmd --help lists them');

interface DaemonOptions extends ConfigOptions {
  readonly record?: string;
}

async function serve(options: DaemonOptions): Promise<number> {
  try {
    const { runDaemon } = await import('../daemon/run.ts');
    const { config: found, files, warnings } = loadedConfigOf(options);
    const config = withRecord(found, options.record);
    const greet = () => {
      if (options.development && options.config === undefined) console.log(greeting(config));
    };
    const { exitCode, failure } = await runDaemon({ config, files, warnings }, greet);
    if (failure) complain(failure);
    return exitCode;
  } catch (error) {
    const failure = asDaemonError(error);
    complain(failure);
    return failure.exitCode;
  }
}

function withRecord(config: Config, record: string | undefined): Config {
  return record === undefined ? config : { ...config, record: resolve(record) };
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
