/** Shared by all verbs: exit codes and error output. */
import type { Argument, Command, Option } from 'commander';
import { DaemonError, messageOf } from '../errors.ts';
import { printable } from './printable.ts';

/** Stable: docs/verbs.md has them. */
export const EXIT = { ok: 0, failed: 1, impossible: 2, unknown: 3 } as const;

export class VerbFailure extends Error {
  readonly remedy: string;
  readonly exitCode: number;

  constructor(message: string, remedy: string, exitCode: number = EXIT.impossible) {
    super(message);
    this.remedy = remedy;
    this.exitCode = exitCode;
  }
}

/** Runs a verb, and prints an exception as one line. */
export async function perform(work: () => number | Promise<number>): Promise<void> {
  // The reader may close the pipe early, as `head` does.
  process.stdout.on('error', ({ code }: NodeJS.ErrnoException) =>
    process.exit(code === 'EPIPE' ? EXIT.ok : EXIT.impossible),
  );
  try {
    process.exitCode = await work();
  } catch (error) {
    complain(error);
    process.exitCode = error instanceof VerbFailure ? error.exitCode : EXIT.impossible;
  }
}

export function complain(error: unknown): void {
  // One line, also where a parser's message has several.
  const [line] = messageOf(error)
    .trim()
    .split(/:?\s*\n/);
  const remedy = error instanceof VerbFailure || error instanceof DaemonError ? error.remedy : undefined;
  const advice = remedy === undefined ? '' : `. What to do: ${remedy}`;
  console.error(printable(`dbcalm-cmd: ${line}${advice}`));
}

const SUGGESTIONS = new WeakMap<Argument | Option, readonly string[]>();

/** Adds values that completion offers; other values are accepted as well. */
export function suggesting<A extends Argument | Option>(taken: A, values: readonly string[]): A {
  SUGGESTIONS.set(taken, values);
  return taken;
}

export const suggestionsFor = (taken: Argument | Option): readonly string[] =>
  taken.argChoices ?? SUGGESTIONS.get(taken) ?? [];

export function withExamples(command: Command, ...examples: readonly string[]): Command {
  const lines = examples.map((example) => `  $ dbcalm-cmd ${example}`);
  return command.addHelpText('after', `\nExamples:\n${lines.join('\n')}`);
}

export function withJson(command: Command): Command {
  return command.option('--json', 'print JSON');
}
