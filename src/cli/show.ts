import type { Command } from 'commander';
import { messageOf } from '../errors.ts';
import { readHistory } from '../io/history.ts';
import { type ConfigOptions, configOf, withConfig } from './config-option.ts';

/** `show`: the row of a command and its transitions, from the database, also while the daemon is down. */
export function addShow(root: Command): void {
  withConfig(root.command('show'))
    .description('print the row of a command and its transitions as JSON')
    .argument('[id]', 'its command_id; without it the last command')
    .action((id: string | undefined, options: ConfigOptions) => {
      process.exitCode = show(id, options);
    });
}

function show(id: string | undefined, options: ConfigOptions): number {
  try {
    const { database_path } = configOf(options);
    const found = readHistory(database_path, id);
    if (!found) console.error(`dbcalm-cmd: ${database_path} knows no command ${id ?? 'yet'}`);
    else console.log(JSON.stringify(found, undefined, 2));
    return found ? 0 : 1;
  } catch (error) {
    console.error(`dbcalm-cmd: the database cannot be read: ${messageOf(error)}`);
    return 2;
  }
}
