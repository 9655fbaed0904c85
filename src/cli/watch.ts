import type { Command } from 'commander';
import { type ConfigOptions, withConfig } from './config-option.ts';
import { followToEnd } from './follow.ts';
import { findSource } from './history-source.ts';
import { perform, withExamples, withJson } from './verb.ts';

interface WatchOptions extends ConfigOptions {
  readonly json?: boolean;
}

/** `watch`: one command, to its end. */
export function addWatch(root: Command): void {
  const verb = root
    .command('watch')
    .description('follow a command to its end; exits 0 if it succeeded, 1 if it failed, 3 if it is unknown')
    .argument('<id>', 'its command_id or the beginning of it');
  withExamples(withConfig(withJson(verb)), 'watch 79caa8ef', 'watch 79caa8ef --json').action(
    (id: string, options: WatchOptions) => perform(() => followToEnd(findSource(options), id, options.json)),
  );
}
