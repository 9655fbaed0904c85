import { Argument, type Command, Option } from 'commander';
import { bash, fish, type Word, zsh } from './completion-scripts.ts';
import { EXIT, perform, suggestionsFor, withExamples } from './verb.ts';

const SHELLS = { bash, zsh, fish };

/** `completion`: the script for a shell, made of the verbs as they are. It never runs the program: without a verb that
 * would be the daemon. */
export function addCompletion(root: Command): void {
  const verb = root
    .command('completion')
    .description('print the completion script of a shell')
    .addArgument(new Argument('<shell>', 'your shell').choices(Object.keys(SHELLS)));
  withExamples(
    verb,
    'completion bash > /etc/bash_completion.d/dbcalm-cmd',
    'completion zsh > /usr/local/share/zsh/site-functions/_dbcalm-cmd',
    'completion fish > /etc/fish/completions/dbcalm-cmd.fish',
  ).action((shell: keyof typeof SHELLS) =>
    perform(() => {
      console.log(SHELLS[shell](root.name(), wordsOf(root)));
      return EXIT.ok;
    }),
  );
}

export function wordsOf(root: Command): Word[] {
  return root.commands.map((verb) => ({
    name: verb.name(),
    about: verb.description(),
    arguments: verb.registeredArguments.slice(0, 1).flatMap(suggestionsFor),
    options: [...verb.options, new Option('--help', 'display help')].map((option) => ({
      flag: option.long as string,
      about: option.description,
      takesValue: option.required,
      values: suggestionsFor(option),
      isFile: option.flags.endsWith('<file>'),
    })),
  }));
}
