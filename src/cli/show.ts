import type { Command } from 'commander';
import { readAccounts } from '../io/config/accounts.ts';
import { theCommand } from './command-id.ts';
import { type ConfigOptions, withConfig } from './config-option.ts';
import { findSource } from './history-source.ts';
import { printableJson } from './printable.ts';
import { showText } from './show-text.ts';
import { EXIT, perform, withExamples, withJson } from './verb.ts';

interface ShowOptions extends ConfigOptions {
  readonly json?: boolean;
}

/** `show`: all that is recorded of one command. */
export function addShow(root: Command): void {
  const verb = root
    .command('show')
    .description('show a command: its row, its transitions, who asked, what it printed')
    .argument('[id]', 'its command_id or the beginning of it; without it the last command');
  withExamples(withConfig(withJson(verb)), 'show', 'show 79caa8ef --json').action(
    (id: string | undefined, options: ShowOptions) => perform(() => show(id, options)),
  );
}

function show(id: string | undefined, options: ShowOptions): number {
  const found = theCommand(findSource(options), id);
  console.log(options.json ? printableJson(found, 2) : showText(found, readAccounts().userName));
  return EXIT.ok;
}
